/**
 * Scans that were made without network. Each is kept on this phone until the server has
 * recorded it, also over a reload, and sent by nobody but who made it.
 */
import { ApiError, api, asApiError } from "./api.js";
import { reached } from "./door-reach.js";
import { newId } from "./ids.js";
import { noteComing } from "./seen-tickets.js";
import { me } from "./session.js";
import { createStore, read, write } from "./store.js";
import { token } from "./token.js";

/**
 * @typedef {object} KeptScan
 * @property {string} id
 * @property {string} code
 * @property {string} ticket
 * @property {string} gate
 * @property {number} at  by the clock of this phone
 * @property {number} tick  by that of the page, which nobody sets
 * @property {string} page
 * @property {string} by  the id of who scanned
 * @property {string} [problem]  why the server did not record it
 */

/** @typedef {{sent: number, twice: number, wrong: number}} Sent */
/** @typedef {"good" | "twice" | "wrong"} Outcome */

const PERIOD = 10_000;
const PATIENCE = 15_000;
const PAGE = newId();
const PLACE = "scans";

/** As any tab of this phone has written it last. */
const stored = () => read("localStorage", PLACE, /** @type {KeptScan[]} */ ([]));

export const keptScans = createStore(stored());
addEventListener("storage", ({ key }) => {
  if (key === `ticketapp.${PLACE}`) keptScans.set(all());
});

/** Whether the phone has no room for them: they are gone with this page then. */
export const isOnlyInMemory = createStore(false);

/** What has become of those that were sent since the page was opened. */
export const sentScans = createStore(/** @type {Sent} */ ({ sent: 0, twice: 0, wrong: 0 }));

/** Those that the server has: another tab may still believe that it has to send them. */
const done = new Set();

/** What is stored, and what this page alone has because there was no room. */
function all() {
  const found = new Map(stored().map((scan) => [scan.id, scan]));
  for (const scan of keptScans.get()) {
    if (scan.page === PAGE && !found.has(scan.id)) found.set(scan.id, scan);
  }
  return [...found.values()].filter(({ id }) => !done.has(id));
}

/** @param {(scans: KeptScan[]) => KeptScan[]} by */
function change(by) {
  const next = by(all());
  keptScans.set(next);
  write("localStorage", PLACE, next);
  isOnlyInMemory.set(stored().length !== next.length);
}

/** @param {Pick<KeptScan, "id" | "code" | "ticket" | "gate">} scan */
export function keepScan(scan) {
  const made = { at: Date.now(), tick: performance.now(), page: PAGE };
  const kept = { ...scan, ...made, by: me.get()?.id ?? "" };
  change((scans) => [...scans.filter(({ id }) => id !== scan.id), kept]);
  noteComing(scan.ticket);
}

/**
 * The scan of a ticket that the server has not heard of yet.
 * @param {string} ticket
 */
export const unsentScanOf = (ticket) =>
  keptScans.get().find((scan) => scan.ticket === ticket) ?? null;

/** @param {KeptScan} scan */
export const isOwn = ({ by }) => token.get() !== null && by === me.get()?.id;

/** Those that the server did not want to record, and nobody can help. */
export const forgetProblems = () =>
  change((scans) => scans.filter((scan) => !(isOwn(scan) && scan.problem)));

/** Try those again too that the server did not want to record. */
export function sendAllAgain() {
  change((scans) => scans.map(({ problem: _, ...scan }) => scan));
  return sendKeptScans();
}

/** Send what is kept, in the order of scanning, as far as the network allows. */
export function sendKeptScans() {
  if (!keptScans.get().some(isOwn)) return Promise.resolve();
  const alone = { ifAvailable: true };
  return navigator.locks
    ? navigator.locks.request("ticketapp.scans", alone, (lock) => lock && sendEach())
    : sendEach();
}

let isSending = false;

async function sendEach() {
  if (isSending) return;
  isSending = true;
  try {
    for (const scan of keptScans.get()) {
      // Somebody else may have signed in since the last.
      if (isOwn(scan) && !scan.problem && !(await sendOne(scan))) return;
    }
  } finally {
    isSending = false;
  }
}

/**
 * False while there is no use in sending the next.
 * @param {KeptScan} scan
 */
async function sendOne(scan) {
  try {
    const outcome = await send(scan);
    reached();
    done.add(scan.id);
    change((scans) => scans);
    const { sent, ...counts } = sentScans.get();
    const more = outcome === "good" ? {} : { [outcome]: counts[outcome] + 1 };
    sentScans.set({ sent: sent + 1, ...counts, ...more });
    return true;
  } catch (reason) {
    const error = asApiError(reason);
    if (!isAboutTheScan(error)) return false;
    const problem = error.title || error.code;
    change((scans) => scans.map((each) => (each.id === scan.id ? { ...each, problem } : each)));
    return true;
  }
}

/**
 * And not about the network, whoever is between, or who is signed in.
 * @param {ApiError} error
 */
const isAboutTheScan = ({ isUncertain, status, code }) =>
  !isUncertain && ![401, 403, 429].includes(status) && !code.startsWith("http_");

/**
 * Only what says that the scan is recorded is an answer; anything else is thrown.
 * @param {KeptScan} scan
 * @returns {Promise<Outcome>}
 */
async function send(scan) {
  const { id, code, gate } = scan;
  const sentAt = Date.now();
  const body = {
    scan_id: id,
    code,
    scanned_at: new Date(sentAt - age(scan, sentAt)).toISOString(),
    sent_at: new Date(sentAt).toISOString(),
    ...(gate && { gate }),
  };
  try {
    const answer = await api("/check-ins", { method: "POST", body, timeout: PATIENCE });
    if (answer?.id !== id) throw new ApiError({ status: 502, code: "not_ours" });
    return "good";
  } catch (reason) {
    const { code: why } = asApiError(reason);
    if (why === "already_checked_in") return "twice";
    if (why === "ticket_not_valid") return "wrong";
    throw reason;
  }
}

/**
 * How long ago it was, though the phone's clock may have been set back since.
 * @param {KeptScan} scan
 * @param {number} now
 */
const age = ({ at, tick, page }, now) =>
  Math.max(now - at, page === PAGE ? performance.now() - tick : 0);

/** Send whenever there may be a network again, whatever is on the screen. */
export function keepSending() {
  void sendKeptScans();
  setInterval(sendKeptScans, PERIOD);
  me.subscribe(sendKeptScans);
  addEventListener("online", sendKeptScans);
}
