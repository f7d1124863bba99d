/** The cards kept for next time: which is the usual one, adding and removing one. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { api, asApiError } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { useResource } from "../lib/resource.js";
import { AddCard } from "./add-card.js";
import { CardWords, CardsUnknown } from "./saved-cards.js";

/** @typedef {import("../../types").SavedCard} SavedCard */

export function KeptCards() {
  const { data, error, reload } = useResource("/payment-methods");
  const [problem, setProblem] = useState("");
  const [isAdding, setAdding] = useState(false);
  /** @type {SavedCard[]} */
  const cards = data?.results ?? [];
  /** @param {() => Promise<unknown>} work */
  const change = async (work) => {
    setProblem("");
    try {
      await work();
    } catch (reason) {
      setProblem(asApiError(reason).message);
    }
    await reload();
  };
  return html`
    <section class="block">
      <h2 class="section-title">${t("Cards")}</h2>
      ${problem && html`<p class="hint" role="alert">${problem}</p>`}
      ${error && !data && html`<${CardsUnknown} onRetry=${reload} />`}
      <ul class="rows">
        ${cards.map(
          (card) => html`
            <li class="row" key=${card.id}>
              <span>
                <${CardWords} card=${card} />
                ${card.is_default && html`<span class="count">${t("usual")}</span>`}
              </span>
              <span class="row-actions">
                ${!card.is_default &&
                card.usable &&
                html`<button
                  type="button"
                  class="link"
                  onClick=${() =>
                    change(() => api(`/payment-methods/${card.id}/default`, { method: "POST" }))}
                >
                  ${t("Make usual")}
                </button>`}
                <button
                  type="button"
                  class="link"
                  aria-label=${t("Remove the card ending in {last4}", { last4: card.last4 })}
                  onClick=${() =>
                    change(() => api(`/payment-methods/${card.id}`, { method: "DELETE" }))}
                >
                  ${t("Remove")}
                </button>
              </span>
            </li>
          `,
        )}
      </ul>
      <button type="button" class="button wide" onClick=${() => setAdding(true)}>${t("Add a card")}</button>
    </section>
    ${isAdding &&
    html`<${AddCard}
      onClose=${() => {
        setAdding(false);
        void reload();
      }}
      onLate=${reload}
    />`}
  `;
}
