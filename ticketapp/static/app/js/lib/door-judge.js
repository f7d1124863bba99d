/** What the door says to a code without asking the server: by the lists in hand. */
import { ApiError } from "./api.js";
import { serverNow } from "./clock.js";
import { isSigned, readCode } from "./codes.js";
import { listsInHand } from "./door-lists.js";
import { t } from "./i18n.js";
import { whatIsKnownOf } from "./seen-tickets.js";
import { clockTime, phoneZone } from "./when.js";

/** @typedef {import("../../types").Revocations} Revocations */
/** @typedef {import("./codes.js").TicketCode} TicketCode */
/** @typedef {import("./door-lists.js").DoorLists} DoorLists */

/** The server's clock is known to the second. */
const DOUBT = 2_000;

/**
 * @typedef {object} Judgement
 * @property {string} ticket
 * @property {string} eventName
 * @property {ApiError | null} error  why its bearer stays out
 * @property {number} listAt  when the list was asked for
 */

/**
 * Null where it cannot be said here: no list, a browser that cannot check what we
 * signed, or a list that may know this very scan, whose answer was lost.
 * @param {string} text
 * @param {number} firstSent  when the scan was first sent, by this page's own clock
 * @returns {Promise<Judgement | null>}
 */
export async function judge(text, firstSent) {
  const lists = listsInHand();
  const key = lists?.events[0]?.code_key;
  if (!lists || !key) return null;
  const code = readCode(text);
  const signed = code && (await isSigned(code, key));
  if (code && signed === null) return null;
  const say = (/** @type {ApiError | null} */ error, eventName = "") => ({
    ticket: code?.ticket ?? "",
    eventName,
    error,
    listAt: lists.at,
  });
  if (!code || !signed) return say(new ApiError({ status: 404, code: "unknown_ticket" }));
  const found = lists.events.find(({ event }) => isOf(code, event.id));
  if (!found) return say(unlisted());
  const why = refusal(code.ticket, found, lists);
  const isItsOwn = why?.code === "already_checked_in" && lists.tick >= firstSent;
  return isItsOwn && !whatIsKnownOf(code.ticket) ? null : say(why, found.event.name);
}

/**
 * @param {TicketCode} code
 * @param {string} eventId
 */
const isOf = ({ event }, eventId) => eventId.replaceAll("-", "").startsWith(event);

/** Ours, but of another venue or night, or newer than the list. */
function unlisted() {
  const detail = t("It is a ticket of ours, for an event that this phone does not know. Look which venue and night it names.");
  return new ApiError({ status: 409, code: "not_on_list", detail });
}

/**
 * @param {string} ticket
 * @param {Revocations} of
 * @param {DoorLists} lists
 */
function refusal(ticket, { event, revoked, admits_from, admits_until }, lists) {
  const now = serverNow();
  if (now < Date.parse(admits_from) || now >= Date.parse(admits_until)) {
    return notValid(t("It is for another night."));
  }
  const known = whatIsKnownOf(ticket);
  if (known && !known.refused) return cameInHere(known.at, event.time_zone);
  if (known?.refused && known.at > lists.at - DOUBT) {
    return new ApiError({ status: 409, ...known.refused });
  }
  const found = revoked.find(({ tickets }) => tickets.includes(ticket));
  if (!found) return null;
  const isIn = found.code === "already_checked_in";
  return isIn ? new ApiError({ status: 409, code: found.code }) : notValid(found.message);
}

/** @param {string} detail */
const notValid = (detail) =>
  new ApiError({ status: 409, code: "ticket_not_valid", detail });

/**
 * @param {number} at
 * @param {string} [zone]
 */
export function cameInHere(at, zone = phoneZone()) {
  const meta = {
    first_at: new Date(at).toISOString(),
    first_at_local: clockTime(at, zone),
    first_gate: t("at this phone"),
  };
  return new ApiError({ status: 409, code: "already_checked_in", meta });
}
