/** Cards kept for next time, and the way to use another. */
import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { Notice } from "./notice.js";

/** @typedef {import("../../types").SavedCard} SavedCard */

/** @param {SavedCard} card */
export const isUsable = (card) => card.usable;

/**
 * The card that is taken unless another is picked.
 * @param {SavedCard[]} cards
 */
export const usualOf = (cards) =>
  cards.find((card) => card.is_default && isUsable(card)) ?? cards.find(isUsable) ?? null;

const GONE = new Set(["saved_card_gone", "kept_cards_gone"]);

/**
 * Whether the provider has just been found to have lost a kept card: the list that
 * is shown says otherwise.
 * @param {import("../lib/api.js").ApiError | null} error
 */
export const isOutOfDate = (error) => error !== null && GONE.has(error.code);

/**
 * @param {{
 *   cards: SavedCard[],
 *   picked: string,
 *   onPick: (id: string) => void,
 * }} props
 */
export function SavedCards({ cards, picked, onPick }) {
  /**
   * @param {string} value
   * @param {unknown} words
   * @param {boolean} isOff
   */
  const row = (value, words, isOff) => html`
    <label class=${isOff ? "option is-off" : "option"}>
      <input
        type="radio"
        name="card"
        value=${value}
        checked=${picked === value}
        disabled=${isOff}
        onChange=${() => onPick(value)}
      />
      <span>${words}</span>
    </label>
  `;
  return html`
    <fieldset class="options">
      <legend class="visually-hidden">${t("Card")}</legend>
      ${cards.map((card) => row(card.id, html`<${CardWords} card=${card} />`, !isUsable(card)))}
      ${row("new", t("Another card"), false)}
    </fieldset>
  `;
}

/** @param {{card: Pick<SavedCard, "brand" | "last4" | "usable" | "expired">}} props */
export const CardWords = ({ card }) => html`
  ${brandName(card.brand)} <span class="digits">•••• ${card.last4}</span>
  ${!card.usable &&
  html`<span class="quiet">
    ${" "}${card.expired ? t("expired") : t("cannot be used any more: add it again")}
  </span>`}
`;

/** @param {string} brand */
const brandName = (brand) =>
  brand === "amex" ? "American Express" : brand.charAt(0).toUpperCase() + brand.slice(1);

/** @param {{onRetry: () => void}} props */
export const CardsUnknown = ({ onRetry }) => html`
  <${Notice} title=${t("Your kept cards could not be loaded")}>
    <button type="button" class="button" onClick=${onRetry}>${t("Try again")}</button>
  <//>
`;
