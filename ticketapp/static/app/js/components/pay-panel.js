/** The part of the checkout that takes a card and the one button. */
import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { formatMoney } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { useResource } from "../lib/resource.js";
import { CardForm } from "./card-form.js";
import { Heard, Refusal } from "./notice.js";
import { CardsUnknown, SavedCards, isOutOfDate, isUsable, usualOf } from "./saved-cards.js";
import { StripeForm } from "./stripe-form.js";

/** @typedef {import("../../types").Hold} Hold */
/** @typedef {import("../../types").PaymentsConfig} PaymentsConfig */
/** @typedef {import("./card-form.js").PayForm} PayForm */

/**
 * @param {{
 *   hold: Hold,
 *   payments: PaymentsConfig,
 *   checkout: ReturnType<typeof import("../lib/checkout.js").useCheckout>,
 * }} props
 */
export function PayPanel({ hold, payments, checkout }) {
  const { data, error: unknown, reload } = useResource("/payment-methods");
  // Once shown the form stays: what is typed into it must not go.
  const isShown = useRef(false);
  isShown.current ||= Boolean(data ?? unknown);
  /** @type {import("../../types").SavedCard[]} */
  const cards = data?.results ?? data ?? [];
  const [picked, setPicked] = useState(/** @type {string | null} */ (null));
  const [save, setSave] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../lib/api.js").ApiError | null} */ (null));
  const [isReading, setReading] = useState(false);
  const form = useRef(/** @type {PayForm | null} */ (null));

  const saved = picked === "new" ? null : (cards.find((card) => card.id === picked && isUsable(card)) ?? usualOf(cards));
  const isBusy = isReading || checkout.phase !== "ready";

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setProblem(null);
    setReading(true);
    try {
      const method = saved ? saved.id : await form.current?.tokenise();
      if (method) await checkout.pay(method, saved === null && save);
    } catch (reason) {
      setProblem(asApiError(reason));
    }
    setReading(false);
  };

  const total = formatMoney(hold.total);
  const error = problem ?? checkout.error;
  useEffect(() => {
    if (isOutOfDate(error)) void reload();
  }, [error]);
  if (!isShown.current) return html`<p role="status" class="quiet">${t("Loading…")}</p>`;
  return html`
    <form class="form pay" onSubmit=${submit} noValidate>
      <h2 class="section-title">${t("Pay")}</h2>
      ${error && html`<${Heard} error=${error}><${PayRefusal} error=${error} checkout=${checkout} /><//>`}
      ${unknown && !data && html`<${CardsUnknown} onRetry=${reload} />`}
      ${cards.length > 0 &&
      html`<${SavedCards} cards=${cards} picked=${saved?.id ?? "new"} onPick=${setPicked} />`}
      <div hidden=${saved !== null}>
        ${payments.provider === "stripe"
          ? html`<${StripeForm} payments=${payments} total=${hold.total} form=${form} />`
          : html`<${CardForm} payments=${payments} form=${form} disabled=${isBusy} />`}
        <label class="tick">
          <input
            type="checkbox"
            checked=${save}
            disabled=${isBusy}
            onChange=${(/** @type {any} */ event) => setSave(event.target.checked)}
          />
          <span>${t("Keep this card for next time")}</span>
        </label>
      </div>
      <button type="submit" class="button primary wide" aria-disabled=${isBusy ? "true" : null}>
        ${isBusy
          ? t("Paying…")
          : saved
            ? t("Pay {total} with •••• {last4}", { total, last4: saved.last4 })
            : t("Pay {total}", { total })}
      </button>
    </form>
  `;
}

/**
 * @param {{
 *   error: import("../lib/api.js").ApiError,
 *   checkout: ReturnType<typeof import("../lib/checkout.js").useCheckout>,
 * }} props
 */
const PayRefusal = ({ error, checkout }) => html`
  <${Refusal} error=${error} money=${true}>
    ${error.code === "authentication_pending" &&
    html`<button type="button" class="button" onClick=${checkout.openChallenge}>
      ${t("Open the confirmation")}
    </button>`}
  <//>
`;
