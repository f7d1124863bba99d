/** Money and distance in the person's own manner. */
import { locale, t } from "./i18n.js";

/** @typedef {import("../../types").Money} Money */

const MILES = new Set(["GB", "US", "LR", "MM"]);
const METRES_IN_A_MILE = 1609.344;

/**
 * "£32", "£32.50", "¥3,200": minor units by the currency's own exponent.
 * @param {Money} money
 */
export function formatMoney({ amount, currency }) {
  const style = /** @type {const} */ ({ style: "currency", currency });
  const format = new Intl.NumberFormat(locale(), style);
  const exponent = format.resolvedOptions().maximumFractionDigits ?? 2;
  const major = amount / 10 ** exponent;
  if (!Number.isInteger(major)) return format.format(major);
  return new Intl.NumberFormat(locale(), {
    ...style,
    minimumFractionDigits: 0,
    maximumFractionDigits: 0,
  }).format(major);
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
