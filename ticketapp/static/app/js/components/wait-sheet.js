/** "Buy them for me": how much at most, until when, with which card, and a clear yes. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { serverNow } from "../lib/clock.js";
import { inMajor, inMinor, times } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { isUnheard, useKeeping } from "../lib/keeping.js";
import { useResource } from "../lib/resource.js";
import { join } from "../lib/waiting.js";
import { timeOnDay } from "../lib/when.js";
import { Challenge } from "./challenge.js";
import { NewCard } from "./new-card.js";
import { Refusal } from "./notice.js";
import { SavedCards, isOutOfDate, isUsable, usualOf } from "./saved-cards.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../../types").EventDetail} EventDetail */
/** @typedef {import("../../types").TicketType} TicketType */

const HALF_HOURS = [1, 2, 4, 8];
const HALF_HOUR = 30 * 60_000;

/**
 * Nothing is ticked beforehand, and being told instead is one tap as well.
 * @param {{
 *   event: EventDetail,
 *   type: TicketType,
 *   quantity: number,
 *   onClose: () => void,
 *   onTell: () => void,
 *   onJoined: () => void,
 * }} props
 */
export function WaitSheet({ event, type, quantity, onClose, onTell, onJoined }) {
  const consent = useResource("/waitlist-entries/consent");
  const payments = useResource("/payments/config");
  const kept = useResource("/payment-methods");
  const keeping = useKeeping();
  const isReady = consent.data && payments.data && kept.data;
  const error = consent.error ?? payments.error ?? kept.error;
  return html`
    <${Sheet}
      title=${tn(quantity, "Buy {n} ticket for me", "Buy {n} tickets for me")}
      onClose=${onClose}
      wide=${true}
      isAside=${keeping.asked !== null}
    >
      ${event.ticket_types.length > 1 && html`<p>${type.name}</p>`}
      ${error && html`<${Refusal} error=${error} />`}
      ${!isReady && !error && html`<p role="status">${t("Loading…")}</p>`}
      ${isReady &&
      html`<${Mandate}
        ...${{ event, type, quantity, onTell, onJoined }}
        consent=${consent.data}
        payments=${payments.data}
        cards=${kept.data.results}
        keep=${keeping.keep}
        onOutOfDate=${kept.reload}
      />`}
    <//>
    ${keeping.asked &&
    html`<${Challenge}
      asked=${keeping.asked}
      payments=${payments.data}
      onDone=${keeping.onThrough}
      onCancel=${keeping.onGivenUp}
    />`}
  `;
}

/**
 * @param {{
 *   event: EventDetail,
 *   type: TicketType,
 *   quantity: number,
 *   onTell: () => void,
 *   onJoined: () => void,
 *   consent: {version: string, text: string},
 *   payments: import("../../types").PaymentsConfig,
 *   cards: import("../../types").SavedCard[],
 *   keep: (method: string) => Promise<string>,
 *   onOutOfDate: () => Promise<void>,
 * }} props
 */
function Mandate({ event, type, quantity, onTell, onJoined, consent, payments, cards, keep, onOutOfDate }) {
  const price = times(type.price.total, quantity);
  const [ends] = useState(() => endsOf(event));
  const [most, setMost] = useState(inMajor(price));
  const [until, setUntil] = useState(ends.at(-1)?.at ?? "");
  const [chosen, setPicked] = useState(usualOf(cards)?.id ?? "new");
  const [agrees, setAgrees] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [hint, setHint] = useState("");
  const [error, setError] = useState(/** @type {import("../lib/api.js").ApiError | null} */ (null));
  const form = useRef(/** @type {import("./card-form.js").PayForm | null} */ (null));
  // Whoever closes this meanwhile has taken their yes back.
  const closing = useRef(new AbortController());
  useEffect(() => () => closing.current.abort(), []);
  const id = useId();
  const maximum = inMinor(most, price.currency);
  const picked = cards.some((card) => card.id === chosen && isUsable(card)) ? chosen : "new";
  useEffect(() => {
    if (isOutOfDate(error) || isUnheard(error)) void onOutOfDate();
  }, [error]);

  /** @param {Event} submit */
  const submit = async (submit) => {
    submit.preventDefault();
    setError(null);
    const missing = maximum ? (agrees ? "" : t("Tick that you agree, or have us tell you instead.")) : wordsForNoMaximum();
    setHint(missing);
    if (missing || !maximum || isBusy) return;
    setBusy(true);
    const { signal } = closing.current;
    try {
      const card = await cardFrom();
      if (card) {
        await join(type.id, quantity, { maximum, until, card, consent: consent.version }, signal);
        return onJoined();
      }
    } catch (reason) {
      if (signal.aborted) return;
      setError(asApiError(reason));
    }
    setBusy(false);
  };

  const wordsForNoMaximum = () =>
    most.trim()
      ? t("Write how much it may cost at most in figures alone, such as {sum}.", { sum: inMajor(price) })
      : t("Say how much it may cost at most.");

  const cardFrom = async () => {
    if (picked !== "new") return picked;
    const method = await form.current?.tokenise();
    return method ? keep(method) : null;
  };

  return html`
    <form class="form" onSubmit=${submit} noValidate>
      ${error && html`<${Refusal} error=${error} money=${true} />`}
      <div class="card-row">
        <label class="field" for=${`${id}-most`}>
          <span>${t("At most, in {currency}, all together", { currency: price.currency })}</span>
          <input
            id=${`${id}-most`}
            inputmode="decimal"
            autocomplete="off"
            value=${most}
            onInput=${(/** @type {any} */ input) => setMost(input.target.value)}
          />
        </label>
        <label class="field" for=${`${id}-until`}>
          <span>${t("Until")}</span>
          <select
            id=${`${id}-until`}
            value=${until}
            onChange=${(/** @type {any} */ choice) => setUntil(choice.target.value)}
          >
            ${ends.map(({ at, words }) => html`<option key=${at} value=${at}>${words}</option>`)}
          </select>
        </label>
      </div>
      ${cards.length > 0 && html`<${SavedCards} cards=${cards} picked=${picked} onPick=${setPicked} />`}
      <div class="form" hidden=${picked !== "new"}>
        <${NewCard} payments=${payments} form=${form} disabled=${isBusy} currency=${price.currency} />
        <p class="quiet">${t("This card is kept, so that it can be charged; you can remove it under You.")}</p>
      </div>
      <div class="consent" id=${`${id}-terms`}>${consent.text}</div>
      <label class="tick">
        <input
          type="checkbox"
          checked=${agrees}
          aria-describedby=${`${id}-terms`}
          onChange=${(/** @type {any} */ tick) => setAgrees(tick.target.checked)}
        />
        <span>${t("I agree to this")}</span>
      </label>
      ${hint && html`<p class="hint" role="alert">${hint}</p>`}
      <div class="welcome-ways">
        <button type="submit" class="button" disabled=${isBusy}>
          ${isBusy ? t("One moment…") : t("Buy them for me")}
        </button>
        <button type="button" class="button" disabled=${isBusy} onClick=${onTell}>${t("Only tell me")}</button>
      </div>
    </form>
  `;
}

/**
 * When one may stop waiting: after a while, or when there is no point any more.
 * @param {EventDetail} event
 */
function endsOf(event) {
  const now = serverNow();
  const marks = [event.sales_close_at, event.starts_at].map((at) => (at ? Date.parse(at) : Infinity));
  const last = Math.min(...marks);
  const whiles = HALF_HOURS.map((n) => now + n * HALF_HOUR).filter((at) => at < last);
  const all = Number.isFinite(last) ? [...whiles, last] : whiles;
  return all
    .map((at) => new Date(at).toISOString())
    .map((at) => ({ at, words: timeOnDay(at, event.time_zone, now) }));
}
