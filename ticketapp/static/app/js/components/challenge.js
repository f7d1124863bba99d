/** The bank asks the person to confirm (3-D Secure). */
import { useEffect, useState } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { Sheet } from "./sheet.js";
import { stripeFor } from "./stripe-form.js";

/** @typedef {import("../../types").Order} Order */

const DONE = "3ds-complete";

/**
 * @param {{
 *   order: Order,
 *   payments: import("../../types").PaymentsConfig,
 *   onDone: () => void,
 *   onCancel: () => void,
 * }} props
 */
export function Challenge({ order, payments, onDone, onCancel }) {
  const action = order.payment?.next_action;
  if (action?.type === "redirect_to_url") {
    return html`<${Frame} url=${action.url} onDone=${onDone} onCancel=${onCancel} />`;
  }
  return html`<${StripeChallenge} order=${order} payments=${payments} onDone=${onDone} />`;
}

/** @param {{url: string, onDone: () => void, onCancel: () => void}} props */
function Frame({ url, onDone, onCancel }) {
  const [isLoading, setLoading] = useState(true);
  const address = new URL(url, location.origin);
  useEffect(() => {
    /** @param {MessageEvent} message */
    const hear = (message) => {
      const said = message.data?.type ?? message.data;
      if (message.origin === address.origin && said === DONE) onDone();
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, [url]);
  return html`
    <${Sheet} title=${t("Your bank asks you to confirm")} onClose=${onCancel} wide=${true}>
      ${isLoading && html`<p role="status">${t("Waiting for your bank…")}</p>`}
      <iframe
        class="challenge"
        src=${address.href}
        title=${t("Confirmation by your bank")}
        onLoad=${() => setLoading(false)}
      ></iframe>
    <//>
  `;
}

/**
 * Stripe draws its own dialog over the page.
 * @param {{
 *   order: Order,
 *   payments: import("../../types").PaymentsConfig,
 *   onDone: () => void,
 * }} props
 */
function StripeChallenge({ order, payments, onDone }) {
  useEffect(() => {
    let isGone = false;
    stripeFor(payments.publishable_key)
      .then((stripe) =>
        stripe.handleNextAction({ clientSecret: order.payment?.client_secret }),
      )
      // Whatever it says, the order is asked: the server knows what happened.
      .finally(() => !isGone && onDone())
      .catch(() => null);
    return () => {
      isGone = true;
    };
  }, [order.id]);
  return html`<p role="status">${t("Waiting for your bank…")}</p>`;
}
