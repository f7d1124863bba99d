/** What the door says to a code without asking the server: by the lists of tonight. */
import { ApiError } from "./api.js";
import { serverNow } from "./clock.js";
import { isSigned, readCode } from "./codes.js";
import { listsOfTonight } from "./door-lists.js";
import { t } from "./i18n.js";
import { whenItCameIn } from "./kept-scans.js";
import { clockTime } from "./when.js";

/** @typedef {import("../../types").Revocations} Revocations */
/** @typedef {import("./codes.js").TicketCode} TicketCode */

/**
 * @typedef {object} Judgement
 * @property {string} ticket
 * @property {Revocations["event"] | null} event
 * @property {ApiError | null} error  why its bearer stays out
 * @property {number} listAt  when the server last told what admits
 */

/**
 * Null where it cannot be said here: no list of tonight, or a browser that cannot
 * check what we signed.
 * @param {string} text
 * @returns {Promise<Judgement | null>}
 */
export async function judge(text) {
  const lists = listsOfTonight();
  if (!lists) return null;
  const code = readCode(text);
  const found = code && lists.events.find(({ event }) => isOf(code, event.id));
  if (!code || !found) return { ...stranger(), listAt: lists.at };
  const signed = await isSigned(code, found.code_key);
  if (signed === null) return null;
  if (!signed) return { ...stranger(), listAt: lists.at };
  const { ticket } = code;
  return { ticket, event: found.event, error: refusal(ticket, found), listAt: lists.at };
}

/**
 * @param {TicketCode} code
 * @param {string} eventId
 */
const isOf = ({ event }, eventId) => eventId.replaceAll("-", "").startsWith(event);

const stranger = () => ({
  ticket: "",
  event: null,
  error: new ApiError({ status: 404, code: "unknown_ticket" }),
});

/**
 * @param {string} ticket
 * @param {Revocations} of
 */
function refusal(ticket, { event, revoked, admits_from, admits_until }) {
  const now = serverNow();
  if (now < Date.parse(admits_from) || now >= Date.parse(admits_until)) {
    return notValid(t("It is for another night."));
  }
  const here = whenItCameIn(ticket);
  if (here !== null) return cameIn(here, event);
  const found = revoked.find(({ tickets }) => tickets.includes(ticket));
  if (!found) return null;
  if (found.code === "already_checked_in") return cameIn(null, event);
  return notValid(found.message);
}

/** @param {string} detail */
const notValid = (detail) =>
  new ApiError({ status: 409, code: "ticket_not_valid", detail });

/**
 * @param {number | null} here  when it came in at this door; null: at another
 * @param {Revocations["event"]} event
 */
function cameIn(here, event) {
  const meta = here !== null && {
    first_at: new Date(here).toISOString(),
    first_at_local: clockTime(here, event.time_zone),
    first_gate: t("here"),
  };
  return new ApiError({ status: 409, code: "already_checked_in", meta: meta || {} });
}
