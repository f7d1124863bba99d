/** What whoever has a ticket must know of the event: it is off, or moved. */
import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { Notice } from "./notice.js";

/**
 * @param {{
 *   event: import("../../types").EventBrief,
 *   isGivenBack: boolean,
 *   isFree: boolean,
 * }} props
 */
export function EventNews({ event, isGivenBack, isFree }) {
  if (event.status === "cancelled") {
    return html`<${Notice}
      title=${t("This event is cancelled")}
      text=${isFree
        ? t("Your ticket does not admit any more. There is nothing you need to do.")
        : t("All that you paid goes back to your card, fees included. There is nothing you need to do.")}
      tone="loss"
    />`;
  }
  if (event.status === "postponed" && !isGivenBack) {
    return html`<${Notice}
      title=${t("This event is postponed")}
      text=${t("Your ticket stays valid for the new date. We write to you when there is one.")}
      tone="needs"
    />`;
  }
  return null;
}
