/**
 * Scans that were made without network. They are kept on this device until the server
 * has answered each, also over a reload, and sent by nobody but who made them.
 */
import { ApiError, api, asApiError } from "./api.js";
import { serverNow } from "./clock.js";
import { me } from "./session.js";
import { createKeptStore, createStore, read } from "./store.js";
import { token } from "./token.js";

/**
 * @typedef {object} KeptScan
 * @property {string} id
 * @property {string} code
 * @property {string} ticket
 * @property {string} gate
 * @property {number} at  by the clock of this device
 * @property {string} by  the id of who scanned
 */

/** @typedef {{sent: number, twice: number, wrong: number}} Sent */

const PERIOD = 10_000;
const PATIENCE = 15_000;
/** How long it is remembered who came in at this door: the server knows by then. */
const AN_EVENING = 12 * 3_600_000;
/** @type {Sent} */
const NONE = { sent: 0, twice: 0, wrong: 0 };

export const keptScans = createKeptStore(
  "localStorage",
  "scans",
  /** @type {KeptScan[]} */ ([]),
);

/** Who came in here, by ticket, and when: this list is ahead of the server's. */
const cameIn = createKeptStore(
  "localStorage",
  "came-in",
  /** @type {Record<string, number>} */ ({}),
);

/** What has become of those that were sent since the page was opened. */
export const sentScans = createStore(NONE);

/** @param {string} ticket */
export const whenItCameIn = (ticket) => cameIn.get()[ticket] ?? null;

/** @param {string} ticket */
export function noteComing(ticket) {
  const now = serverNow();
  const recent = Object.entries(cameIn.get()).filter(([, at]) => now - at < AN_EVENING);
  cameIn.set({ ...Object.fromEntries(recent), [ticket]: now });
}

/**
 * Another tab may have kept or sent some meanwhile: what it wrote is changed.
 * @param {(scans: KeptScan[]) => KeptScan[]} change
 */
const changeKept = (change) =>
  keptScans.set(change(read("localStorage", "scans", keptScans.get())));

/** @param {Omit<KeptScan, "at" | "by">} scan */
export function keepScan(scan) {
  const kept = { ...scan, at: Date.now(), by: me.get()?.id ?? "" };
  changeKept((scans) => [...scans, kept]);
  noteComing(scan.ticket);
}

/** Those that the person at the door may send. */
export const ownScans = () =>
  keptScans.get().filter(({ by }) => token.get() !== null && by === me.get()?.id);

let isSending = false;

/** Send what is kept, in the order of scanning, as far as the network allows. */
export async function sendKeptScans() {
  if (isSending) return;
  isSending = true;
  try {
    for (const scan of ownScans()) {
      const outcome = await send(scan);
      if (outcome === null) return;
      changeKept((scans) => scans.filter(({ id }) => id !== scan.id));
      const { sent, ...counts } = sentScans.get();
      sentScans.set({ sent: sent + 1, ...counts, ...added(counts, outcome) });
    }
  } finally {
    isSending = false;
  }
}

/**
 * @param {Omit<Sent, "sent">} counts
 * @param {"good" | "twice" | "wrong"} outcome
 */
const added = (counts, outcome) =>
  outcome === "good" ? {} : { [outcome]: counts[outcome] + 1 };

/**
 * What the server says; null while it says nothing that would last.
 * @param {KeptScan} scan
 * @returns {Promise<"good" | "twice" | "wrong" | null>}
 */
async function send({ id, code, gate, at }) {
  const body = {
    scan_id: id,
    code,
    scanned_at: new Date(at).toISOString(),
    sent_at: new Date().toISOString(),
    ...(gate && { gate }),
  };
  try {
    await api("/check-ins", { method: "POST", body, timeout: PATIENCE });
    return "good";
  } catch (reason) {
    const error = asApiError(reason);
    if (!isLasting(error)) return null;
    return error.code === "already_checked_in" ? "twice" : "wrong";
  }
}

/** @param {ApiError} error */
const isLasting = ({ isUncertain, status }) =>
  !isUncertain && ![401, 403, 429].includes(status);

/** Send whenever there may be a network again, whatever is on the screen. */
export function keepSending() {
  void sendKeptScans();
  setInterval(sendKeptScans, PERIOD);
  addEventListener("online", sendKeptScans);
}
