/** One sheet: what, where, when, how much, how long it is held; and paying. */
import { useCallback, useEffect, useState } from "preact/hooks";

import { Challenge } from "../components/challenge.js";
import { TopBar } from "../components/frame.js";
import { HoldClock } from "../components/hold-clock.js";
import { Heard, Notice, Refusal } from "../components/notice.js";
import { PayPanel } from "../components/pay-panel.js";
import { Picture } from "../components/picture.js";
import { PriceLines } from "../components/price-lines.js";
import { SignIn } from "../components/sign-in.js";
import { html } from "../html.js";
import { useCheckout } from "../lib/checkout.js";
import { serverNow, useNow } from "../lib/clock.js";
import { joined, t } from "../lib/i18n.js";
import { useResource } from "../lib/resource.js";
import { go } from "../lib/router.js";
import { signedIn } from "../lib/session.js";
import { useStore } from "../lib/store.js";
import { whenInWords } from "../lib/when.js";

/** @typedef {import("../../types").Hold} Hold */
/** @typedef {import("../../types").PaymentsConfig} PaymentsConfig */
/** @typedef {ReturnType<typeof useCheckout>} Checkout */

/** So that the server's clock is past the fall for certain. */
const A_MOMENT = 1_000;

/** @param {{route: import("../lib/router.js").Route}} props */
export function CheckoutView({ route }) {
  const isSignedIn = useStore(signedIn);
  const hold = useResource(isSignedIn ? `/holds/${route.params["id"]}` : null);
  const payments = useResource(isSignedIn ? "/payments/config" : null);
  const error = hold.error ?? payments.error;
  return html`
    <${TopBar} fallback=${hold.data ? `/events/${hold.data.event.id}` : "/"} title=${t("Checkout")} />
    <h1 class="visually-hidden" tabindex="-1">${t("Checkout")}</h1>
    ${!isSignedIn && html`<div class="narrow"><p>${t("Sign in to go on with your tickets.")}</p><${SignIn} /></div>`}
    ${isSignedIn &&
    (hold.data && payments.data
      ? html`<${Paying} key=${hold.data.id} hold=${hold.data} payments=${payments.data} reload=${hold.reload} />`
      : error
        ? html`<${NoHold} error=${error} reload=${() => void (hold.reload(), payments.reload())} />`
        : html`<p role="status" class="quiet">${t("Loading…")}</p>`)}
  `;
}

/** @param {{error: import("../lib/api.js").ApiError, reload: () => void}} props */
const NoHold = ({ error, reload }) =>
  error.status === 404
    ? html`<${Notice}
        title=${t("These tickets are not held for you")}
        text=${t("They may be held under another e-mail. Nothing has been charged.")}
      >
        <a class="button" href="/">${t("See tonight")}</a>
      <//>`
    : html`<${Refusal} error=${error} onRetry=${reload} />`;

/** @param {{hold: Hold, payments: PaymentsConfig, reload: () => Promise<void>}} props */
function Paying({ hold, payments, reload }) {
  const checkout = useCheckout(hold);
  const [isLate, setLate] = useState(false);
  const { phase, order } = checkout;
  useEffect(() => {
    const isBought = hold.status === "converted" && phase === "ready";
    if (isBought && hold.order) go(`/orders/${hold.order}`, { replace: true });
  }, [hold.status]);
  usePriceOfNow(hold, reload);
  const isGone = isLate || hold.status === "expired" || hold.status === "released";
  const isOver = phase === "over" || (isGone && phase === "ready");
  return html`
    <div class="checkout columns">
      <div class="column">
        <${Summary} hold=${hold} />
        ${!isOver &&
        html`<${HoldClock} expiresAt=${hold.expires_at} onExpired=${() => setLate(true)} />`}
      </div>
      <div class="column">
        ${isOver
          ? html`<${Expired} hold=${hold} checkout=${checkout} />`
          : html`<${Turn} hold=${hold} payments=${payments} checkout=${checkout} />`}
      </div>
    </div>
    ${phase === "challenge" &&
    order?.payment &&
    html`<${Challenge}
      asked=${order.payment}
      payments=${payments}
      onDone=${checkout.confirmed}
      onCancel=${checkout.pauseChallenge}
    />`}
  `;
}

/**
 * A fall is given to whoever pays after it, so no higher total may stand here: look
 * when one is due, and whenever this screen is looked at again.
 * @param {Hold} hold
 * @param {() => Promise<void>} reload
 */
function usePriceOfNow(hold, reload) {
  const { data: event, reload: reloadEvent } = useResource(`/events/${hold.event.id}`);
  const type = event?.ticket_types.find((/** @type {Hold["ticket_type"]} */ { id }) => id === hold.ticket_type.id);
  const fallsAt = Date.parse(type?.next_price_at ?? "");
  const look = useCallback(() => {
    if (document.hidden) return;
    void reload();
    void reloadEvent();
  }, [reload, reloadEvent]);
  useEffect(() => {
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [look]);
  useEffect(() => {
    if (!(fallsAt < Date.parse(hold.expires_at))) return;
    const timer = setTimeout(look, fallsAt - serverNow() + A_MOMENT);
    return () => clearTimeout(timer);
  }, [fallsAt, hold.expires_at, look]);
}

/** @param {{hold: Hold}} props */
function Summary({ hold }) {
  const now = useNow(30_000);
  const { event } = hold;
  return html`
    <div class="summary">
      <${Picture} title=${event.name} url=${event.image_url} />
      <div>
        <h2>${event.name}</h2>
        <p class="quiet">${whenInWords(event, now)}</p>
        <p class="quiet">${joined([event.venue.name, event.venue.city], ", ")}</p>
      </div>
    </div>
    <${PriceLines} price=${hold.price} quantity=${hold.quantity} name=${hold.ticket_type.name} />
  `;
}

/** @param {{hold: Hold, payments: PaymentsConfig, checkout: Checkout}} props */
function Turn({ hold, payments, checkout }) {
  const { phase } = checkout;
  if (phase === "unsure") return html`<${Unsure} checkout=${checkout} />`;
  return html`
    ${phase === "waiting" && html`<p role="status">${t("Your payment is being confirmed. You can leave this page open.")}</p>`}
    ${hold.total.amount === 0
      ? html`<${GetFree} checkout=${checkout} />`
      : html`<${PayPanel} hold=${hold} payments=${payments} checkout=${checkout} />`}
    <p class="give-up">
      <button
        type="button"
        class="link"
        disabled=${phase === "paying" || phase === "waiting"}
        onClick=${checkout.giveUp}
      >
        ${checkout.order ? t("Cancel this order") : t("Give the tickets back")}
      </button>
    </p>
  `;
}

/** @param {{checkout: Checkout}} props */
const GetFree = ({ checkout }) => html`
  ${checkout.error && html`<${Heard} error=${checkout.error}><${Refusal} error=${checkout.error} /><//>`}
  <button
    type="button"
    class="button primary wide"
    aria-disabled=${checkout.phase === "ready" ? null : "true"}
    onClick=${() => checkout.phase === "ready" && checkout.pay(null, false)}
  >
    ${t("Get them free")}
  </button>
`;

/** @param {{checkout: Checkout}} props */
const Unsure = ({ checkout }) => html`
  <${Notice}
    title=${t("We did not hear back")}
    text=${t(
      "Your payment may or may not have gone through. Ask again: it is the same payment, you cannot be charged twice.",
    )}
    tone="needs"
  >
    <button type="button" class="button primary" onClick=${checkout.ask}>${t("Ask again")}</button>
  <//>
`;

/** @param {{hold: Hold, checkout: Checkout}} props */
function Expired({ hold, checkout }) {
  const { error, order } = checkout;
  const ran = Date.parse(hold.expires_at) <= serverNow();
  const title = ran ? t("Your time has run out") : t("These tickets are not held any more");
  const text = order?.payment?.status === "succeeded" ? "" : t("You have not been charged. The tickets can be bought by anybody again, also by you.");
  return html`
    <${Notice} title=${error?.title || title} text=${error?.detail || text} tone="needs">
      <a class="button primary" href=${`/events/${hold.event.id}`}>${t("See what is left")}</a>
    <//>
  `;
}
