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

/** How sums are written: what parts the thousands, and what begins the fraction. */
const WRITTEN = [
  ["", "[.,]"],
  [",", "[.]"],
  ["[.]", ","],
  ["[\\s'’]", "[.,]"],
];

/**
 * What was typed, or null if it is no sum of money, or could be two.
 * @param {string} text
 * @param {string} currency
 * @returns {Money | null}
 */
export function inMinor(text, currency) {
  const exponent = exponentOf(currency);
  const major = isAmbiguous(text.trim(), exponent) ? null : numberIn(text.trim(), exponent);
  const amount = Math.round((major ?? 0) * 10 ** exponent);
  return amount > 0 && Number.isSafeInteger(amount) ? { amount, currency } : null;
}

/**
 * "1,200" has thousands, where the currency has no thousandths. "1.200" has them in
 * half of Europe, and is one and a fifth in the other half.
 * @param {string} text
 * @param {number} exponent
 */
function isAmbiguous(text, exponent) {
  const sign = /^[1-9]\d{0,2}([.,])\d{3}$/.exec(text)?.[1];
  return sign === (exponent === 3 ? "," : ".");
}

/**
 * @param {string} text
 * @param {number} exponent
 */
function numberIn(text, exponent) {
  for (const [parts, point] of WRITTEN) {
    const whole = parts ? `[1-9]\\d{0,2}(?:${parts}\\d{3})+` : "\\d+";
    const fraction = exponent ? `(?:${point}(\\d{1,${exponent}}))?` : "()";
    const found = new RegExp(`^(${whole})${fraction}$`).exec(text);
    if (found) return Number(`${found[1]?.replace(/\D/g, "")}.${found[2] ?? "0"}`);
  }
  return null;
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
