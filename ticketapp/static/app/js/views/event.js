/** One event: what, when, where, for how much; and the button that gets it. */
import { useEffect, useState } from "preact/hooks";

import { EventFacts, EventMore } from "../components/event-facts.js";
import { TopBar } from "../components/frame.js";
import { GetBar } from "../components/get-bar.js";
import { Icon } from "../components/icon.js";
import { LiveLine } from "../components/live-line.js";
import { Refusal } from "../components/notice.js";
import { Picture } from "../components/picture.js";
import { PriceLines } from "../components/price-lines.js";
import { EventState } from "../components/event-state.js";
import { TicketPicker } from "../components/ticket-picker.js";
import { Waitlist } from "../components/waitlist.js";
import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { knownEvent } from "../lib/listing.js";
import { useLive } from "../lib/live.js";
import { useResource } from "../lib/resource.js";
import { share } from "../lib/share.js";
import { useEntry } from "../lib/waiting.js";

/** @typedef {import("../../types").EventDetail} EventDetail */
/** @typedef {import("../../types").Snapshot} Snapshot */

/** @param {{route: import("../lib/router.js").Route}} props */
export function EventView({ route }) {
  const id = route.params["id"] ?? "";
  const { data, error, reload } = useResource(`/events/${id}`);
  const known = knownEvent(id);
  if (error && !data) {
    return html`
      <${TopBar} fallback="/" />
      <h1 class="visually-hidden" tabindex="-1">${t("Event")}</h1>
      <${Refusal} error=${error} onRetry=${error.status === 404 ? undefined : reload}>
        ${error.status === 404 && html`<a class="button" href="/">${t("See tonight")}</a>`}
      <//>
    `;
  }
  if (!data && !known) return html`<${TopBar} fallback="/" /><${Loading} />`;
  return html`
    <${TopBar} fallback="/"><${ShareButton} event=${data ?? known} /><//>
    <${Loaded} key=${id} event=${data ?? known} isWhole=${data !== null} reload=${reload} />
  `;
}

/** @param {{event: EventDetail, isWhole: boolean, reload: () => void}} props */
function Loaded({ event: loaded, isWhole, reload }) {
  const snapshot = useLive(loaded.id);
  const event = isWhole ? withSnapshot(loaded, snapshot) : loaded;
  const choice = useChoice(event, isWhole);
  const isOutdated = isWhole && hasOtherPrice(loaded, snapshot);
  useEffect(() => {
    if (isOutdated) reload();
  }, [isOutdated]);
  const waiting = useEntry(event.id, `${event.availability} ${event.left}`);
  // What is set aside for this person is all there is to buy, or to say, meanwhile.
  const isOpen = isWhole && waiting.entry?.status !== "offered";
  const canBuy = isOpen && event.availability === "on_sale" && choice.type !== null;
  return html`
    <article class="event">
      <div class="event-head">
        <${Picture} title=${event.name} url=${event.image_url} />
        <h1 tabindex="-1">${event.name}</h1>
        <${EventFacts} event=${event} />
      </div>
      <div class="event-buy">
        <${LiveLine}
          snapshot=${snapshot}
          left=${event.left}
          isOnSale=${event.availability === "on_sale"}
        />
        ${!isWhole && html`<div class="block skeleton"><i></i><i></i><i></i></div>`}
        ${isOpen && event.availability !== "on_sale" && html`<${EventState} event=${event} reload=${reload} />`}
        ${isWhole && html`<${Waitlist} event=${event} ...${waiting} />`}
        ${isOpen &&
        event.ticket_types.length > 0 &&
        html`<${TicketPicker}
          event=${event}
          chosen=${choice.type}
          quantity=${choice.quantity}
          most=${choice.most}
          onChoose=${choice.setType}
          onQuantity=${choice.setQuantity}
        />`}
        ${canBuy &&
        choice.type &&
        html`
          <${PriceLines} price=${choice.type.price} quantity=${choice.quantity} name=${choice.type.name} />
          <${GetBar} event=${event} type=${choice.type} quantity=${choice.quantity} reload=${reload} />
        `}
      </div>
      <div class="event-more"><${EventMore} event=${event} isWhole=${isWhole} /></div>
    </article>
  `;
}

/**
 * What the socket says now stands over what the page was loaded with.
 * @param {EventDetail} event
 * @param {Snapshot | null} snapshot
 * @returns {EventDetail}
 */
function withSnapshot(event, snapshot) {
  if (!snapshot) return event;
  const news = new Map(snapshot.ticket_types.map((type) => [type.id, type]));
  const types = event.ticket_types.map((type) => {
    const now = news.get(type.id);
    return now ? { ...type, availability: now.availability, left: now.left } : type;
  });
  const left = types.every((type) => type.left !== null)
    ? types.reduce((sum, type) => sum + (type.left ?? 0), 0)
    : null;
  return {
    ...event,
    availability: snapshot.availability,
    ticket_types: types,
    left: left !== null && left > 0 && left <= 10 ? left : null,
  };
}

/**
 * A price has changed: its parts are only in the event itself.
 * @param {EventDetail} event
 * @param {Snapshot | null} snapshot
 */
const hasOtherPrice = (event, snapshot) =>
  Boolean(
    snapshot?.ticket_types.some(({ id, price }) => {
      const known = event.ticket_types.find((type) => type.id === id);
      return known && price && known.price.total.amount !== price.amount;
    }),
  );

/**
 * The first type that can be bought, two of it, until the person says otherwise.
 * @param {EventDetail} event
 * @param {boolean} isWhole
 */
function useChoice(event, isWhole) {
  const [typeId, setType] = useState("");
  const [wanted, setQuantity] = useState(2);
  const open = isWhole
    ? event.ticket_types.filter((type) => type.availability === "on_sale")
    : [];
  const type = open.find(({ id }) => id === typeId) ?? open[0] ?? null;
  const most = type ? Math.max(1, Math.min(type.max_quantity, type.left ?? Infinity)) : 1;
  const quantity = Math.min(wanted, most);
  useEffect(() => {
    if (typeId && type && type.id !== typeId) setType(type.id);
  }, [type?.id]);
  return { type, most, quantity, setType, setQuantity };
}

/** @param {{event: import("../../types").EventCard}} props */
function ShareButton({ event }) {
  const [said, setSaid] = useState("");
  const tell = async () => {
    const how = await share(event.name, `/events/${event.id}`);
    setSaid(how === "copied" ? t("Link copied") : "");
  };
  return html`
    <span class="quiet" role="status">${said}</span>
    <button type="button" class="plain round" onClick=${tell} aria-label=${t("Share")}>
      <${Icon} name="share" />
    </button>
  `;
}

const Loading = () => html`
  <p class="visually-hidden" role="status">${t("Loading")}</p>
  <div class="event skeleton" aria-hidden="true">
    <div class="event-head"><div class="picture"></div><i></i><i></i></div>
    <div class="event-buy"><i></i><i></i><i></i></div>
  </div>
`;
