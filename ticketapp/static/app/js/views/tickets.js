/** My tickets, the next event first; also without a network. */
import { useEffect } from "preact/hooks";

import { Icon } from "../components/icon.js";
import { Notice, Refusal } from "../components/notice.js";
import { Picture } from "../components/picture.js";
import { SignIn } from "../components/sign-in.js";
import { html } from "../html.js";
import { useNow } from "../lib/clock.js";
import { t, tn } from "../lib/i18n.js";
import { signedIn } from "../lib/session.js";
import { useStore } from "../lib/store.js";
import { isDisputed, loadTickets, sortTickets, tickets } from "../lib/tickets.js";
import { dateWords, momentWords, whenInWords } from "../lib/when.js";

/** @typedef {import("../../types").Ticket} Ticket */

export function TicketsView() {
  const isSignedIn = useStore(signedIn);
  const { list, asOf, error } = useStore(tickets);
  useEffect(() => void loadTickets(), [isSignedIn]);
  return html`
    <h1 class="screen-title" tabindex="-1">${t("Tickets")}</h1>
    ${!isSignedIn &&
    html`<div class="narrow"><p>${t("Sign in to see your tickets.")}</p><${SignIn} /></div>`}
    ${isSignedIn && html`<${AsOf} asOf=${asOf} />`}
    ${isSignedIn && error && !list && html`<${Refusal} error=${error} onRetry=${loadTickets} />`}
    ${isSignedIn && !list && !error && html`<p role="status" class="quiet">${t("Loading…")}</p>`}
    ${isSignedIn && list && html`<${Lists} list=${list} />`}
  `;
}

/** @param {{asOf: string | null}} props */
export function AsOf({ asOf }) {
  const now = useNow(60_000);
  if (!asOf) return null;
  return html`
    <p class="as-of" role="status">
      <${Icon} name="offline" />
      ${t("Offline, as of {time}", { time: momentWords(asOf, now) })}
    </p>
  `;
}

/** @param {{list: Ticket[]}} props */
function Lists({ list }) {
  const now = useNow(60_000);
  const { upcoming, past } = sortTickets(list);
  return html`
    ${upcoming.length === 0 &&
    html`<${Notice} title=${t("No tickets for a coming event")} text=${t("When you get one, it is here, also without a network.")}>
      <a class="button primary" href="/">${t("See tonight")}</a>
    <//>`}
    ${upcoming.length > 0 && html`<h2 class="visually-hidden">${t("Coming up")}</h2>`}
    <ul class="cards">
      ${inOrders(upcoming).map((group) => html`<${Row} group=${group} words=${whenInWords(group[0].event, now)} />`)}
    </ul>
    ${past.length > 0 &&
    html`<section class="group">
      <h2 class="group-title">${t("Past")}</h2>
      <ul class="cards">
        ${inOrders(past).map((group) => html`<${Row} group=${group} words=${dateWords(group[0].event)} />`)}
      </ul>
    </section>`}
  `;
}

/**
 * Tickets of one order are shown as one row.
 * @param {Ticket[]} list
 * @returns {[Ticket, ...Ticket[]][]}
 */
function inOrders(list) {
  /** @type {Map<string, [Ticket, ...Ticket[]]>} */
  const groups = new Map();
  for (const ticket of list) {
    const name = ticket.order?.id ?? ticket.id;
    const group = groups.get(name);
    if (group) group.push(ticket);
    else groups.set(name, [ticket]);
  }
  return [...groups.values()];
}

/** @param {{group: [Ticket, ...Ticket[]], words: string}} props */
function Row({ group, words }) {
  const [first] = group;
  const states = [
    first.event.status === "cancelled" && t("Cancelled"),
    first.event.status === "postponed" && t("Postponed"),
    group.some(isDisputed) && t("Does not admit"),
    group.every((ticket) => ticket.status === "checked_in") && t("Used"),
    group.every((ticket) => ticket.status === "returned") && t("Returned"),
  ].filter(Boolean);
  return html`
    <li class="card">
      <a href=${`/tickets/${first.id}`} class="card-link">
        <${Picture} title=${first.event.name} url=${first.event.image_url} />
        <div class="card-words">
          <h3>${first.event.name}</h3>
          <p class="quiet">${words}</p>
          <p class="quiet">${first.event.venue.name}</p>
          <p class="card-price">
            <strong>${tn(group.length, "{n} ticket", "{n} tickets")}</strong>
            ${states.length > 0 && html` · <span class="state">${states.join(", ")}</span>`}
          </p>
        </div>
      </a>
    </li>
  `;
}
