/** Giving an order back whose event has another date: asked twice, done once. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { handBack } from "../lib/buying.js";
import { t, tn } from "../lib/i18n.js";
import { Notice, Refusal } from "./notice.js";

/** @param {{order: import("../../types").Order, onDone: () => void}} props */
export function HandBack({ order, onDone }) {
  const [step, setStep] = useState(/** @type {"" | "sure" | "busy"} */ (""));
  const [error, setError] = useState(/** @type {import("../lib/api.js").ApiError | null} */ (null));
  const give = async () => {
    setStep("busy");
    setError(null);
    try {
      await handBack(order.id);
      onDone();
    } catch (reason) {
      setError(asApiError(reason));
    }
    setStep("");
  };
  const count = order.tickets.length;
  if (!step) {
    return html`
      ${error && html`<${Refusal} error=${error} />`}
      <p>
        <button type="button" class="link" onClick=${() => setStep("sure")}>
          ${tn(count, "Cannot come? Hand your ticket back", "Cannot come? Hand your {n} tickets back")}
        </button>
      </p>
    `;
  }
  return html`
    <${Notice}
      title=${tn(count, "Hand your ticket back?", "Hand your {n} tickets back?")}
      text=${order.total.amount === 0
        ? t("They stop being good at once. This cannot be undone.")
        : t("They stop being good at once, and what you paid for them goes back to your card. This cannot be undone.")}
      tone="needs"
    >
      <button type="button" class="button" disabled=${step === "busy"} onClick=${give}>${t("Hand back")}</button>
      <button type="button" class="button" disabled=${step === "busy"} onClick=${() => setStep("")}>${t("Keep")}</button>
    <//>
  `;
}
