/**
 * What this phone has heard of tickets, ahead of the next list: who came in here, and
 * what the server refused. Tickets and times only; gone when its owner signs out.
 */
import { serverNow } from "./clock.js";
import { read, write } from "./store.js";
import { token } from "./token.js";

/**
 * @typedef {object} Seen
 * @property {number} at
 * @property {{code: string, detail: string, meta: Record<string, unknown>}} [refused]
 */

/** The list knows by then. */
const AN_EVENING = 12 * 3_600_000;
const PLACE = "seen";

/** For a phone that keeps nothing. */
let inMemory = /** @type {Record<string, Seen>} */ ({});

token.subscribe(() => {
  if (token.get() !== null) return;
  inMemory = {};
  write("localStorage", PLACE, null);
});

/** As any tab of this phone has written it last. */
const all = () => read("localStorage", PLACE, inMemory);

/**
 * @param {string} ticket
 * @returns {Seen | null}
 */
export const whatIsKnownOf = (ticket) => all()[ticket] ?? null;

/** @param {string} ticket */
export const noteComing = (ticket) => note(ticket, { at: serverNow() });

/**
 * @param {string} ticket
 * @param {NonNullable<Seen["refused"]>} refusal
 */
export function noteRefusal(ticket, { code, detail, meta }) {
  const isHere = all()[ticket] && !all()[ticket]?.refused;
  if (!isHere) note(ticket, { at: serverNow(), refused: { code, detail, meta } });
}

/**
 * @param {string} ticket
 * @param {Seen} what
 */
function note(ticket, what) {
  const recent = Object.entries(all()).filter(([, { at }]) => what.at - at < AN_EVENING);
  inMemory = { ...Object.fromEntries(recent), [ticket]: what };
  write("localStorage", PLACE, inMemory);
}
