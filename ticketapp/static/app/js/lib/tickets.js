/** My tickets: one list for all views, kept readable without a network. */
import { ApiError, apiResponse, asApiError } from "./api.js";
import { serverNow } from "./clock.js";
import { underServiceWorker } from "./offline.js";
import { createStore } from "./store.js";
import { token } from "./token.js";
import { startOf } from "./when.js";

/** @typedef {import("../../types").Ticket} Ticket */

/**
 * @typedef {object} MyTickets
 * @property {Ticket[] | null} list  null until something is known
 * @property {string | null} asOf  ISO time of the kept copy, null when fresh
 * @property {ApiError | null} error
 */

/** @type {MyTickets} */
const NOTHING = { list: null, asOf: null, error: null };
const AFTERWARDS = 4 * 3_600_000;

export const tickets = createStore(NOTHING);
token.subscribe(() => {
  if (token.get() === null) tickets.set(NOTHING);
});

/** Load all my tickets; what is known already stays while this fails. */
export async function loadTickets() {
  if (token.get() === null) return;
  const asked = token.get();
  try {
    const fresh = await allPages();
    // Signed out while they were on their way: they are nobody's now.
    if (asked === token.get()) tickets.set({ ...fresh, error: null });
  } catch (reason) {
    if (asked === token.get()) tickets.set({ ...tickets.get(), error: asApiError(reason) });
  }
}

async function allPages() {
  /** @type {Ticket[]} */
  const list = [];
  let asOf = null;
  /** @type {string | null} */
  let next = "/tickets?page_size=100";
  while (next) {
    const { data, headers } = await apiResponse(next);
    list.push(...data.results);
    asOf ??= headers.get("X-Cached-At");
    next = data.next;
  }
  return { list, asOf };
}

/** See that the tickets are kept on this device, as soon as that can be done. */
export async function keepTickets() {
  if (token.get() === null) return;
  await underServiceWorker();
  await loadTickets();
}

/**
 * Whether the bank asks its payment back. A list that was kept offline may be from
 * before tickets told this.
 * @param {Ticket} ticket
 */
export const isDisputed = (ticket) =>
  ["payment_disputed", "payment_lost"].includes(ticket.not_admitted?.code ?? "");

/**
 * Upcoming ones, the next event first, and those of the past, latest first.
 * @param {Ticket[]} list
 */
export function sortTickets(list) {
  const now = serverNow();
  /** @param {Ticket} ticket */
  const start = (ticket) => startOf(ticket.event) ?? Infinity;
  /** @param {Ticket} ticket */
  const end = (ticket) =>
    ticket.event.ends_at ? Date.parse(ticket.event.ends_at) : start(ticket) + AFTERWARDS;
  const order = [...list].sort((a, b) => start(a) - start(b) || a.id.localeCompare(b.id));
  return {
    upcoming: order.filter((ticket) => end(ticket) > now && ticket.status !== "returned"),
    past: order
      .filter((ticket) => end(ticket) <= now || ticket.status === "returned")
      .reverse(),
  };
}
