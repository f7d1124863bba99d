/** What is known of a card number while it is typed. Nothing here is stored or sent. */

/**
 * @typedef {object} Brand
 * @property {string} id
 * @property {string} name
 * @property {RegExp} starts
 * @property {number[]} groups
 * @property {number} cvc
 */

/** @type {Brand[]} */
const BRANDS = [
  { id: "amex", name: "American Express", starts: /^3[47]/, groups: [4, 6, 5], cvc: 4 },
  { id: "visa", name: "Visa", starts: /^4/, groups: [4, 4, 4, 4], cvc: 3 },
  {
    id: "mastercard",
    name: "Mastercard",
    starts: /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/,
    groups: [4, 4, 4, 4],
    cvc: 3,
  },
  { id: "diners", name: "Diners Club", starts: /^3(0[0-5]|[689])/, groups: [4, 6, 4], cvc: 3 },
  { id: "discover", name: "Discover", starts: /^6(011|4[4-9]|5)/, groups: [4, 4, 4, 4], cvc: 3 },
  { id: "jcb", name: "JCB", starts: /^35/, groups: [4, 4, 4, 4], cvc: 3 },
  { id: "unionpay", name: "UnionPay", starts: /^62/, groups: [4, 4, 4, 4], cvc: 3 },
];
/** @type {Brand} */
const UNKNOWN = { id: "unknown", name: "", starts: /^/, groups: [4, 4, 4, 4, 3], cvc: 3 };

/** @param {string} text */
export const digitsOf = (text) => text.replace(/\D/g, "");

/** @param {string} number */
export const brandOf = (number) =>
  BRANDS.find(({ starts }) => starts.test(digitsOf(number))) ?? UNKNOWN;

/**
 * "4242 4242 4242 4242", in the groups that are printed on the card.
 * @param {string} text
 */
export function grouped(text) {
  const { groups } = brandOf(text);
  let rest = digitsOf(text).slice(0, lengthOf(groups));
  const parts = [];
  for (const size of groups) {
    if (!rest) break;
    parts.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return parts.join(" ");
}

/** @param {number[]} groups */
const lengthOf = (groups) => groups.reduce((sum, size) => sum + size, 0);

/**
 * "04 / 30", however it is typed, also "4/30" and "04/2030".
 * @param {string} text
 * @param {string} before  what stood there, so that the sign can be deleted
 */
export function expiryTyped(text, before) {
  const isDeleting = text.length < before.length;
  let [month = "", year = ""] = text.includes("/")
    ? text.split("/").map(digitsOf)
    : [digitsOf(text).slice(0, 2), digitsOf(text).slice(2)];
  if (month.length === 1 && (Number(month) > 1 || text.includes("/"))) month = `0${month}`;
  month = month.slice(0, 2);
  if (year.length >= 4) year = year.slice(-2);
  year = year.slice(0, 2);
  if (isDeleting && !year) return month.length < 2 || !before.includes("/") ? month : month.slice(0, 1);
  return month.length === 2 ? `${month} / ${year}` : month;
}

/** @param {string} text */
export function expiryParts(text) {
  const [month = "", year = ""] = text.split("/").map(digitsOf);
  return { month: Number(month), year: year ? 2000 + Number(year) : 0 };
}

/**
 * Which field is wrong and how, as a code; the form has the words.
 * @param {{number: string, expiry: string, cvc: string}} card
 * @param {number} now
 */
export function cardErrors({ number, expiry, cvc }, now) {
  return {
    number: numberError(number),
    expiry: expiryError(expiry, now),
    cvc: cvcError(cvc, number),
  };
}

/** @param {string} number */
function numberError(number) {
  const digits = digitsOf(number);
  const brand = brandOf(number);
  if (!digits) return "missing";
  const isWhole =
    brand === UNKNOWN ? digits.length >= 12 : digits.length === lengthOf(brand.groups);
  if (!isWhole) return "incomplete";
  return passesLuhn(digits) ? "" : "invalid";
}

/** @param {string} digits */
function passesLuhn(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}

/**
 * @param {string} expiry
 * @param {number} now
 */
function expiryError(expiry, now) {
  const { month, year } = expiryParts(expiry);
  if (!month && !year) return "missing";
  if (!month || !year) return "incomplete";
  if (month > 12) return "invalid";
  const today = new Date(now);
  const isPast =
    year < today.getFullYear() ||
    (year === today.getFullYear() && month < today.getMonth() + 1);
  return isPast ? "past" : "";
}

/**
 * @param {string} cvc
 * @param {string} number
 */
function cvcError(cvc, number) {
  if (!cvc) return "missing";
  return digitsOf(cvc).length === brandOf(number).cvc ? "" : "incomplete";
}
