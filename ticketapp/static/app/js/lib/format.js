/** Money and distance in the person's own manner. */
import { locale, t } from "./i18n.js";

/** @typedef {import("../../types").Money} Money */

/** Digits after the point, as the server counts them: browsers have tables of their own. */
const WHOLE = new Set(
  "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" "),
);
const IN_THOUSANDTHS = new Set("BHD IQD JOD KWD LYD OMR TND".split(" "));
const MILES = new Set(["GB", "US", "LR", "MM"]);
const METRES_IN_A_MILE = 1609.344;

/**
 * "£32", "£32.50", "¥3,200": minor units by the currency's own exponent.
 * @param {Money} money
 */
export function formatMoney({ amount, currency }) {
  const exponent = exponentOf(currency);
  const major = amount / 10 ** exponent;
  const digits = Number.isInteger(major) ? 0 : exponent;
  return new Intl.NumberFormat(locale(), {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(major);
}

/** @param {string} currency */
const exponentOf = (currency) => (WHOLE.has(currency) ? 0 : IN_THOUSANDTHS.has(currency) ? 3 : 2);

/**
 * As one types it into a field: "64", "32.50".
 * @param {Money} money
 */
export function inMajor({ amount, currency }) {
  const exponent = exponentOf(currency);
  const major = amount / 10 ** exponent;
  return Number.isInteger(major) ? String(major) : major.toFixed(exponent);
}

/**
 * What was typed, or null if it is no sum of money.
 * @param {string} text
 * @param {string} currency
 * @returns {Money | null}
 */
export function inMinor(text, currency) {
  const plain = text.trim().replace(",", ".");
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(plain)) return null;
  const amount = Math.round(Number(plain) * 10 ** exponentOf(currency));
  return amount > 0 ? { amount, currency } : null;
}

/**
 * What one reads on a price tag: a zero is "Free".
 * @param {Money} money
 */
export const formatPrice = (money) =>
  money.amount === 0 ? t("Free") : formatMoney(money);

/**
 * @param {Money} money
 * @param {number} quantity
 * @returns {Money}
 */
export const times = (money, quantity) => ({
  amount: money.amount * quantity,
  currency: money.currency,
});

/** "mi" where roads are signed in miles, else "km". */
export function distanceUnit() {
  const region = new Intl.Locale(navigator.language || "en-GB").maximize().region;
  return MILES.has(region ?? "") ? "mi" : "km";
}

/** @param {number} metres */
export function formatDistance(metres) {
  if (distanceUnit() === "mi") {
    const miles = metres / METRES_IN_A_MILE;
    return unit("mile", Math.max(miles, 0.1), miles < 10 ? 1 : 0);
  }
  if (metres < 950) return unit("meter", Math.max(50, Math.round(metres / 50) * 50), 0);
  return unit("kilometer", metres / 1000, metres < 10_000 ? 1 : 0);
}

/**
 * A radius as the filters offer it: "5 mi".
 * @param {number} n
 */
export const formatRadius = (n) =>
  unit(distanceUnit() === "mi" ? "mile" : "kilometer", n, 1);

/**
 * @param {string} name
 * @param {number} n
 * @param {number} digits
 */
const unit = (name, n, digits) =>
  new Intl.NumberFormat(locale(), {
    style: "unit",
    unit: name,
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(n);
