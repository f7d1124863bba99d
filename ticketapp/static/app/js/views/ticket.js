/** One ticket: the code, large on white, and what the door wants to know. */
import { useEffect, useState } from "preact/hooks";

import { DisputeNews } from "../components/dispute-news.js";
import { EventNews } from "../components/event-news.js";
import { TopBar } from "../components/frame.js";
import { Icon } from "../components/icon.js";
import { Notice, Refusal } from "../components/notice.js";
import { SignIn } from "../components/sign-in.js";
import { html } from "../html.js";
import { venueInWords } from "../lib/address.js";
import { useScreenOn } from "../lib/awake.js";
import { useNow } from "../lib/clock.js";
import { t } from "../lib/i18n.js";
import { calendarEntry, download } from "../lib/ics.js";
import { signedIn } from "../lib/session.js";
import { share } from "../lib/share.js";
import { useStore } from "../lib/store.js";
import { isDisputed, loadTickets, tickets } from "../lib/tickets.js";
import { clockTime, dayWords, momentWords, whenInWords } from "../lib/when.js";
import { AsOf } from "./tickets.js";

/** @typedef {import("../../types").Ticket} Ticket */

/** @param {{route: import("../lib/router.js").Route}} props */
export function TicketView({ route }) {
  const isSignedIn = useStore(signedIn);
  const { list, asOf, error } = useStore(tickets);
  useEffect(() => void loadTickets(), [isSignedIn]);
  useScreenOn();
  const ticket = list?.find(({ id }) => id === route.params["id"]);
  return html`
    <${TopBar} fallback="/tickets" title=${t("Ticket")} />
    ${!isSignedIn && html`<div class="narrow"><h1 tabindex="-1">${t("Ticket")}</h1><${SignIn} /></div>`}
    ${isSignedIn && html`<${AsOf} asOf=${asOf} />`}
    ${ticket && list && html`<${Shown} ticket=${ticket} siblings=${siblingsOf(ticket, list)} />`}
    ${isSignedIn &&
    !ticket &&
    (list
      ? html`<${Notice} title=${t("This ticket is not yours, or not valid any more")} level=${1}>
          <a class="button" href="/tickets">${t("See your tickets")}</a>
        <//>`
      : error
        ? html`<${Refusal} error=${error} onRetry=${loadTickets} level=${1} />`
        : html`<p role="status" class="quiet">${t("Loading…")}</p>`)}
  `;
}

/**
 * @param {Ticket} ticket
 * @param {Ticket[]} list
 */
const siblingsOf = (ticket, list) =>
  list
    .filter((other) => other.order && other.order.id === ticket.order?.id)
    .sort((a, b) => a.id.localeCompare(b.id));

/** @param {{ticket: Ticket, siblings: Ticket[]}} props */
function Shown({ ticket, siblings }) {
  const now = useNow(30_000);
  const { event } = ticket;
  return html`
    <article class="ticket">
      <header>
        <h1 tabindex="-1">${event.name}</h1>
        <p class="quiet">${whenInWords(event, now)}</p>
      </header>
      ${isDisputed(ticket)
        ? html`<${DisputeNews} isLost=${ticket.not_admitted?.code === "payment_lost"} />`
        : html`<${EventNews} event=${event} isGivenBack=${ticket.status === "returned"} isFree=${isFree(ticket)} />`}
      <${Siblings} ticket=${ticket} siblings=${siblings} />
      <${Code} ticket=${ticket} now=${now} />
      <dl class="ticket-facts">
        <div><dt>${t("Ticket")}</dt><dd>${ticket.ticket_type.name}</dd></div>
        ${ticket.holder && html`<div><dt>${t("Name")}</dt><dd>${ticket.holder}</dd></div>`}
        <div>
          <dt>${event.doors_at ? t("Doors") : t("Starts")}</dt>
          <dd>${doorWords(event, now)}</dd>
        </div>
        <div><dt>${t("Where")}</dt><dd>${venueInWords(event.venue)}</dd></div>
        ${ticket.order &&
        html`<div><dt>${t("Order")}</dt><dd><a href=${`/orders/${ticket.order.id}`}>${ticket.order.reference}</a></dd></div>`}
      </dl>
      <${Actions} ticket=${ticket} />
    </article>
  `;
}

/**
 * A list that was kept offline may be from before tickets told what they cost.
 * @param {Ticket} ticket
 */
const isFree = (ticket) => ticket.total?.amount === 0;

/** @param {{ticket: Ticket, siblings: Ticket[]}} props */
function Siblings({ ticket, siblings }) {
  if (siblings.length < 2) return null;
  return html`
    <nav class="siblings" aria-label=${t("Tickets of this order")}>
      ${siblings.map(
        ({ id }, at) => html`
          <a href=${`/tickets/${id}`} class="chip" aria-current=${id === ticket.id ? "page" : null}>
            ${t("{n} of {all}", { n: at + 1, all: siblings.length })}
          </a>
        `,
      )}
    </nav>
  `;
}

/** @param {{ticket: Ticket, now: number}} props */
function Code({ ticket, now }) {
  if (ticket.status === "returned") {
    return html`<${Notice} title=${t("Returned")} text=${t("This ticket was returned and does not admit any more.")} tone="loss" />`;
  }
  // What says why stands above; a code that would be refused helps nobody. A list
  // that was kept offline may be from before tickets told this.
  if (ticket.not_admitted && ticket.status !== "checked_in") return null;
  // As a picture, the drawing can run nothing, whatever it holds.
  const source = `data:image/svg+xml,${encodeURIComponent(ticket.qr_svg)}`;
  return html`
    <div class="code">
      <img src=${source} alt=${t("The code of your ticket, to be scanned at the door")} />
    </div>
    ${ticket.status === "checked_in"
      ? html`<p class="code-hint" role="status">
          ${t("Scanned {time}. It admits once.", { time: momentWords(ticket.checked_in_at ?? now, now) })}
        </p>`
      : html`<p class="code-hint quiet">
          <${Icon} name="sun" /> ${t("Turn up the brightness before the door.")}
        </p>`}
  `;
}

/**
 * @param {Ticket["event"]} event
 * @param {number} now
 */
const doorWords = (event, now) => {
  const at = event.doors_at ?? event.starts_at;
  if (!at) return t("time to be announced");
  return t("{day} {time}", { day: dayWords(event, now), time: clockTime(at, event.time_zone) });
};

/** @param {{ticket: Ticket}} props */
function Actions({ ticket }) {
  const [said, setSaid] = useState("");
  const { event } = ticket;
  const keep = () => {
    const address = new URL(`/tickets/${ticket.id}`, location.origin).href;
    download(calendarEntry(event, `${event.id}@ticketapp`, address), `${event.name}.ics`);
  };
  const tell = async () => {
    const how = await share(event.name, `/events/${event.id}`);
    setSaid(how === "copied" ? t("Link to the event copied") : "");
  };
  return html`
    <div class="actions">
      ${event.starts_at &&
      html`<button type="button" class="button" onClick=${keep}>
        <${Icon} name="calendar" /> ${t("Add to calendar")}
      </button>`}
      <button type="button" class="button" onClick=${tell}>
        <${Icon} name="share" /> ${t("Share the event")}
      </button>
    </div>
    <p class="quiet" role="status">${said}</p>
    <details class="disclosure">
      <summary>${t("Help at the door")}</summary>
      <p>${t("Clean the glass, turn up the brightness, and hold the code about a hand’s width away. No network is needed.")}</p>
      ${ticket.order &&
      html`<p>${t("If it still does not scan, say your order: {reference}.", { reference: ticket.order.reference })}</p>`}
    </details>
  `;
}
