/** Waiting for tickets of an event: one's place in line, or the ways to get one. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { formatMoney } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { signedIn } from "../lib/session.js";
import { isLive, join, leave } from "../lib/waiting.js";
import { HoldClock } from "./hold-clock.js";
import { Notice, Refusal } from "./notice.js";
import { CardWords } from "./saved-cards.js";
import { SignInSheet } from "./sign-in.js";
import { Stepper } from "./stepper.js";
import { WaitSheet } from "./wait-sheet.js";

/** @typedef {import("../../types").EventDetail} EventDetail */
/** @typedef {import("../../types").TicketType} TicketType */
/** @typedef {import("../../types").WaitlistEntry} WaitlistEntry */
/** @typedef {{type: TicketType, quantity: number}} Wish */

const GONE = new Set(["sold_out", "all_held"]);

/**
 * @param {{
 *   event: EventDetail,
 *   entry: WaitlistEntry | null,
 *   reload: () => Promise<void>,
 * }} props
 */
export function Waitlist({ event, entry, reload }) {
  // What is agreed to stays the same, however the sale goes on behind the sheet.
  const [toBuy, setToBuy] = useState(/** @type {Wish | null} */ (null));
  const [error, setError] = useState(/** @type {import("../lib/api.js").ApiError | null} */ (null));
  /** @param {Wish} wish */
  const tell = async ({ type, quantity }) => {
    setError(null);
    setToBuy(null);
    try {
      await join(type.id, quantity, null);
    } catch (reason) {
      setError(asApiError(reason));
    }
    await reload();
  };
  return html`
    <${Standing} ...${{ event, entry, reload, error }} onTell=${tell} onBuy=${setToBuy} />
    ${toBuy &&
    html`<${WaitSheet}
      event=${event}
      type=${toBuy.type}
      quantity=${toBuy.quantity}
      onClose=${() => setToBuy(null)}
      onTell=${() => tell(toBuy)}
      onJoined=${() => {
        setToBuy(null);
        void reload();
      }}
    />`}
  `;
}

/**
 * @typedef {object} Choices
 * @property {import("../lib/api.js").ApiError | null} error
 * @property {(wish: Wish) => Promise<void>} onTell
 * @property {(wish: Wish) => void} onBuy
 */

/**
 * @param {Choices & {
 *   event: EventDetail,
 *   entry: WaitlistEntry | null,
 *   reload: () => Promise<void>,
 * }} props
 */
function Standing({ event, entry, reload, ...choices }) {
  if (entry && isLive(entry)) return html`<${Place} entry=${entry} reload=${reload} />`;
  if (entry?.status === "purchased") return html`<${Bought} entry=${entry} />`;
  if (!GONE.has(event.availability)) {
    return html`
      ${choices.error && html`<${Refusal} error=${choices.error} />`}
      ${entry && html`<${Ended} entry=${entry} />`}
    `;
  }
  const types = event.ticket_types.filter(({ availability }) => GONE.has(availability));
  return html`
    ${entry && html`<${Ended} entry=${entry} />`}
    ${types.length > 0 && html`<${Ways} ...${choices} types=${types} />`}
  `;
}

/** @param {{entry: WaitlistEntry}} props */
const Ended = ({ entry }) => html`<p class="quiet" role="status">${entry.what_happens}</p>`;

/** @param {{entry: WaitlistEntry}} props */
const Bought = ({ entry }) => html`
  <${Notice} title=${entry.charge ? t("The waitlist has bought for you") : t("You have tickets")} text=${entry.what_happens} tone="good">
    <a class="button" href="/tickets">${t("See your tickets")}</a>
  <//>
`;

/** @param {{entry: WaitlistEntry, reload: () => Promise<void>}} props */
function Place({ entry, reload }) {
  const { offer, charge } = entry;
  const [error, setError] = useState(/** @type {import("../lib/api.js").ApiError | null} */ (null));
  const go = async () => {
    await leave(entry.id).catch((reason) => setError(asApiError(reason)));
    await reload();
  };
  return html`
    ${error && html`<${Refusal} error=${error} />`}
    <${Notice}
      title=${offer ? t("Tickets are set aside for you") : t("You are on the waitlist")}
      text=${entry.what_happens}
      tone=${offer ? "needs" : "quiet"}
    >
      ${offer &&
      offer.next_step !== "wait" &&
      html`<a class="button primary" href=${`/checkout/${offer.hold}`}>
        ${offer.next_step === "confirm"
          ? t("Confirm with your bank")
          : t("Buy them for {total}", { total: formatMoney(offer.total) })}
      </a>`}
      <button type="button" class="button" onClick=${go}>${t("Leave the waitlist")}</button>
    <//>
    ${offer && html`<${HoldClock} expiresAt=${offer.expires_at} onExpired=${reload} />`}
    <p class="quiet" role="status">${entry.ahead !== null && aheadWords(entry.ahead)}</p>
    ${charge?.active &&
    html`<p class="quiet"><${CardWords} card=${{ ...charge.card, usable: true, expired: false }} /></p>`}
  `;
}

/** @param {number} ahead */
const aheadWords = (ahead) =>
  ahead === 0
    ? t("You are next.")
    : tn(ahead, "{n} person waits in front of you.", "{n} people wait in front of you.");

/** @param {Choices & {types: TicketType[]}} props */
function Ways({ types, error, onTell, onBuy }) {
  const [typeId, setType] = useState("");
  const [quantity, setQuantity] = useState(2);
  const [way, setWay] = useState(/** @type {"tell" | "buy" | null} */ (null));
  const type = /** @type {TicketType} */ (types.find(({ id }) => id === typeId) ?? types[0]);
  const wanted = Math.min(quantity, type.max_quantity);

  /** @param {"tell" | "buy"} next */
  const begin = async (next) => {
    setWay(next);
    if (!signedIn.get()) return;
    const wish = { type, quantity: wanted };
    if (next === "buy") onBuy(wish);
    else await onTell(wish);
    setWay(null);
  };
  const isSigningIn = way !== null && !signedIn.get();
  return html`
    <section class="waitlist" aria-labelledby="waitlist-title">
      <h2 id="waitlist-title" class="section-title">${t("Wait for tickets")}</h2>
      <p>${t("What comes back goes to those who wait, in the order of joining. Waiting costs nothing, and you can leave at any time.")}</p>
      ${types.length > 1 && html`<${TypeChoice} types=${types} chosen=${type.id} onChoose=${setType} />`}
      <div class="quantity">
        <span>${t("How many")}</span>
        <${Stepper} value=${wanted} most=${type.max_quantity} onChange=${setQuantity} />
      </div>
      ${error && html`<${Refusal} error=${error} />`}
      <div class="welcome-ways">
        <button type="button" class="button" disabled=${way === "tell"} onClick=${() => begin("tell")}>
          ${t("Tell me")}
        </button>
        <button type="button" class="button" onClick=${() => begin("buy")}>${t("Buy them for me")}</button>
      </div>
    </section>
    ${isSigningIn &&
    html`<${SignInSheet}
      why=${t("Then we know whom to tell.")}
      onClose=${() => setWay(null)}
      onDone=${() => begin(/** @type {"tell" | "buy"} */ (way))}
    />`}
  `;
}

/**
 * @param {{types: TicketType[], chosen: string, onChoose: (id: string) => void}} props
 */
const TypeChoice = ({ types, chosen, onChoose }) => html`
  <fieldset class="segments">
    <legend>${t("Which tickets")}</legend>
    ${types.map(
      ({ id, name }) => html`
        <label class="segment" key=${id}>
          <input type="radio" name="wait-for" checked=${id === chosen} onChange=${() => onChoose(id)} />
          <span>${name}</span>
        </label>
      `,
    )}
  </fieldset>
`;
