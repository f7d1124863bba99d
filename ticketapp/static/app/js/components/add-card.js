/** Leaving a card without buying. */
import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { useKeeping } from "../lib/keeping.js";
import { useResource } from "../lib/resource.js";
import { Challenge } from "./challenge.js";
import { NewCard } from "./new-card.js";
import { Refusal } from "./notice.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("./card-form.js").PayForm} PayForm */

/** @param {{onClose: () => void, onLate: () => void}} props  onLate: kept, but closed meanwhile */
export function AddCard({ onClose, onLate }) {
  const { data: payments, error: unreachable } = useResource("/payments/config");
  const keeping = useKeeping();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../lib/api.js").ApiError | null} */ (null));
  const form = useRef(/** @type {PayForm | null} */ (null));
  const isOpen = useRef(true);
  useEffect(() => () => void (isOpen.current = false), []);
  const error = problem ?? unreachable;

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (isBusy) return;
    setProblem(null);
    setBusy(true);
    try {
      const method = await form.current?.tokenise();
      if (method) {
        await keeping.keep(method);
        return isOpen.current ? onClose() : onLate();
      }
    } catch (reason) {
      if (!isOpen.current) return;
      setProblem(asApiError(reason));
    }
    setBusy(false);
  };

  return html`
    <${Sheet} title=${t("Add a card")} onClose=${onClose} wide=${true} isAside=${keeping.asked !== null}>
      <form class="form" onSubmit=${submit} noValidate>
        ${error && html`<${Refusal} error=${error} money=${true} />`}
        ${payments
          ? html`<${NewCard} payments=${payments} form=${form} disabled=${isBusy} />`
          : !error && html`<p role="status">${t("Loading…")}</p>`}
        <p class="quiet">${t("The card is kept for when you buy. Nothing is charged now, and you can remove it at any time.")}</p>
        <button type="submit" class="button primary wide" disabled=${isBusy || !payments}>
          ${isBusy ? t("One moment…") : t("Keep this card")}
        </button>
      </form>
    <//>
    ${keeping.asked &&
    html`<${Challenge}
      asked=${keeping.asked}
      payments=${payments}
      onDone=${keeping.onThrough}
      onCancel=${keeping.onGivenUp}
    />`}
  `;
}
