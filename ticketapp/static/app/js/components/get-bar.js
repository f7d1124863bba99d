/** The fixed button: "Get 2 · £64". Signs in first if need be, then holds the tickets. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { ApiError, asApiError } from "../lib/api.js";
import { letGo, liveHold, takeHold } from "../lib/buying.js";
import { formatPrice, times } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { signedIn } from "../lib/session.js";
import { Notice, Refusal } from "./notice.js";
import { SignInSheet } from "./sign-in.js";

/** @typedef {import("../../types").Hold} Hold */

/** After these the page as it is now says what else one can do. */
const SHOW_WHAT_IS_LEFT = new Set(["choose_other_tickets", "join_waitlist"]);

/**
 * @param {{
 *   event: import("../../types").EventDetail,
 *   type: import("../../types").TicketType,
 *   quantity: number,
 *   reload: () => void,
 * }} props
 */
export function GetBar({ event, type, quantity, reload }) {
  const [isBusy, setBusy] = useState(false);
  const [isSigningIn, setSigningIn] = useState(false);
  const [error, setError] = useState(/** @type {ApiError | null} */ (null));
  const [other, setOther] = useState(/** @type {Hold | null} */ (null));

  const get = async () => {
    if (!signedIn.get()) return setSigningIn(true);
    setBusy(true);
    setError(null);
    setOther(null);
    try {
      const hold = await takeHold(type.id, quantity);
      go(`/checkout/${hold.id}`);
    } catch (reason) {
      await refused(asApiError(reason));
    }
    setBusy(false);
  };

  /** @param {ApiError} refusal */
  const refused = async (refusal) => {
    if (refusal.action === "sign_in") return setSigningIn(true);
    if (refusal.code === "hold_exists") {
      const hold = await liveHold(event.id).catch(() => null);
      if (hold) return setOther(hold);
    }
    setError(refusal);
    if (SHOW_WHAT_IS_LEFT.has(refusal.action ?? "")) reload();
  };

  /** @param {Hold} hold */
  const change = async (hold) => {
    await letGo(hold.id).catch(() => null);
    await get();
  };

  const total = formatPrice(times(type.price.total, quantity));
  return html`
    <div class="get-bar">
      ${error && html`<${Refusal} error=${error} onRetry=${error.action === "retry" || error.action === "wait" ? get : undefined} />`}
      ${other && html`<${HoldsAlready} hold=${other} onChange=${() => change(other)} />`}
      <button type="button" class="button primary wide" disabled=${isBusy} onClick=${get}>
        ${isBusy ? t("Holding them for you…") : t("Get {n} · {total}", { n: quantity, total })}
      </button>
    </div>
    ${isSigningIn &&
    html`<${SignInSheet}
      why=${t("Then we hold the tickets for you.")}
      onClose=${() => setSigningIn(false)}
      onDone=${() => {
        setSigningIn(false);
        void get();
      }}
    />`}
  `;
}

/** @param {{hold: Hold, onChange: () => void}} props */
const HoldsAlready = ({ hold, onChange }) => html`
  <${Notice}
    title=${tn(
      hold.quantity,
      "You hold {n} ticket for this event already",
      "You hold {n} tickets for this event already",
    )}
    text=${t("Nothing has been charged. Go on with them, or let them go and choose again.")}
    tone="needs"
  >
    <a class="button" href=${`/checkout/${hold.id}`}>${t("Go on with them")}</a>
    <button type="button" class="button" onClick=${onChange}>${t("Let them go")}</button>
  <//>
`;
