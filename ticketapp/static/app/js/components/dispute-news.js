/** What whoever has a ticket must know of its payment: the bank asks it back. */
import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { Notice } from "./notice.js";

/** @param {{isLost: boolean}} props */
export const DisputeNews = ({ isLost }) =>
  isLost
    ? html`<${Notice}
        title=${t("Your bank took this payment back")}
        text=${t("The tickets of this order are not paid for any more, and the door turns away those that were not used.")}
        tone="loss"
      />`
    : html`<${Notice}
        title=${t("Your bank asks for this payment back")}
        text=${t("Until that is settled, the tickets of this order do not admit at the door. If you did not mean it, tell your bank to withdraw it, and they admit again.")}
        tone="loss"
      />`;
