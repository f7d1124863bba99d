/**
 * Words. The English text is the key, so a missing translation reads as English.
 * Numbers and dates follow the phone's region where it speaks the same language.
 */
import { config } from "./config.js";

/** @typedef {Record<string, string | Record<string, string>>} Catalogue */

const BASE = "en-GB";
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

/** @type {Catalogue} */
let catalogue = {};
let language = BASE;
let plurals = new Intl.PluralRules(BASE);

/** The locale of dates, numbers and words. */
export const locale = () => language;

/** Load the catalogue of the first language that the person reads. */
export async function loadWords() {
  const choice = choose(navigator.languages ?? [BASE]);
  if (choice.address) {
    try {
      catalogue = await (await fetch(choice.address)).json();
    } catch {
      choice.language = BASE;
    }
  }
  language = choice.language;
  plurals = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  const root = language.split("-")[0] ?? "";
  document.documentElement.dir = RIGHT_TO_LEFT.has(root) ? "rtl" : "ltr";
}

/**
 * @param {readonly string[]} wanted
 * @returns {{language: string, address: string | null}}
 */
function choose(wanted) {
  for (const tag of wanted) {
    const root = tag.split("-")[0] ?? "";
    const address = config.locales[tag] ?? config.locales[root];
    if (address) return { language: tag, address };
    if (root === "en") return { language: tag === "en" ? BASE : tag, address: null };
  }
  return { language: BASE, address: null };
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values) {
  const found = catalogue[text];
  return fill(typeof found === "string" ? found : text, values);
}

/**
 * The form for a number: tn(2, "{n} ticket", "{n} tickets").
 * A catalogue keeps all forms of its language under the plural text.
 * @param {number} n
 * @param {string} one
 * @param {string} other
 * @param {Record<string, string | number>} [values]
 */
export function tn(n, one, other, values) {
  const form = plurals.select(n);
  const forms = catalogue[other];
  const text = forms ? chosen(forms, form) : form === "one" ? one : other;
  return fill(text, { n: new Intl.NumberFormat(language).format(n), ...values });
}

/**
 * @param {string | Record<string, string>} forms
 * @param {string} form
 */
const chosen = (forms, form) =>
  typeof forms === "string" ? forms : (forms[form] ?? forms["other"] ?? "");

/**
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
function fill(text, values) {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (hole, name) =>
    name in values ? isolated(String(values[name])) : hole,
  );
}

/**
 * Parts with a sign between them, "The Lexington · 0.4 mi", without the empty ones.
 * @param {(string | null | undefined | false)[]} parts
 * @param {string} sign
 */
export const joined = (parts, sign) =>
  parts
    .filter(Boolean)
    .map((part) => isolated(String(part)))
    .join(sign);

/**
 * A Latin name in a line of Arabic must not turn the rest of the line around.
 * @param {string} text
 */
const isolated = (text) =>
  document.documentElement.dir === "rtl" ? `\u2068${text}\u2069` : text;
