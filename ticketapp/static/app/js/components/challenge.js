/** The bank asks the person to confirm (3-D Secure). */
import { useEffect, useState } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { Notice } from "./notice.js";
import { Sheet } from "./sheet.js";
import { stripeFor } from "./stripe-form.js";

/**
 * @typedef {object} Asked  a payment, or a card to be kept
 * @property {import("../../types").NextAction | null} next_action
 * @property {string | null} client_secret
 */

const DONE = "3ds-complete";

/**
 * @param {{
 *   asked: Asked,
 *   payments: import("../../types").PaymentsConfig,
 *   onDone: () => void,
 *   onCancel: () => void,
 * }} props
 */
export function Challenge({ asked, payments, onDone, onCancel }) {
  const action = asked.next_action;
  if (action?.type === "redirect_to_url") {
    return html`<${Frame} url=${action.url} onDone=${onDone} onCancel=${onCancel} />`;
  }
  return html`<${StripeChallenge} ...${{ asked, payments, onDone, onCancel }} />`;
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
 * Stripe draws its own dialog over the page; where it does not, there is a way out.
 * @param {{
 *   asked: Asked,
 *   payments: import("../../types").PaymentsConfig,
 *   onDone: () => void,
 *   onCancel: () => void,
 * }} props
 */
function StripeChallenge({ asked, payments, onDone, onCancel }) {
  useEffect(() => {
    let isGone = false;
    stripeFor(payments.publishable_key)
      .then((stripe) =>
        stripe.handleNextAction({ clientSecret: asked.client_secret }),
      )
      // Whatever it says, we are asked: the server knows what happened.
      .finally(() => !isGone && onDone())
      .catch(() => null);
    return () => {
      isGone = true;
    };
  }, [asked.client_secret]);
  return html`
    <${Notice} title=${t("Waiting for your bank…")} tone="needs">
      <button type="button" class="button" onClick=${onCancel}>${t("Not now")}</button>
    <//>
  `;
}
