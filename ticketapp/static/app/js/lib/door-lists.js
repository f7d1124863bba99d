/**
 * What the door has to know while it has no network: which events are on tonight, and
 * which of their tickets do not admit. Fetched each minute while the door is open, and
 * kept on the phone until its owner signs out.
 */
import { useEffect } from "preact/hooks";

import { api, apiResponse, asApiError } from "./api.js";
import { recallOffset, serverNow } from "./clock.js";
import { reached } from "./door-reach.js";
import { loadMe, me } from "./session.js";
import { createStore } from "./store.js";
import { token } from "./token.js";

/** @typedef {import("../../types").Revocations} Revocations */
/** @typedef {import("../../types").StaffVenue} StaffVenue */

/**
 * @typedef {object} DoorLists
 * @property {string} by  the id of who asked
 * @property {StaffVenue[]} venues
 * @property {Revocations[]} events
 * @property {string} etag
 * @property {number} at  when it was asked for, by the server's clock
 * @property {number} tick  when the answer was there, by this page's own clock
 * @property {number} ahead  of the phone's clock, by which the server's was then
 */

const PERIOD = 60_000;
/** Who could not ask for longer knows too little. */
const OLDEST = 12 * 3_600_000;
/** A list from the future means that the phone's clock was changed. */
const SLACK = 60_000;
/** Not in localStorage, whose little room is for scans. */
const CACHE = "door";
const PLACE = "/door-lists";

/** Undefined until it has been looked for on this phone. */
export const doorLists = createStore(
  /** @type {DoorLists | null | undefined} */ (undefined),
);

token.subscribe(() => {
  if (token.get() === null) forgetLists();
});

/** What is known here; null where it is too old, or of somebody else. */
export function listsInHand() {
  const known = doorLists.get();
  if (!known || known.by !== me.get()?.id) return null;
  const age = serverNow() - known.at;
  return age > -SLACK && age < OLDEST ? known : null;
}

function forgetLists() {
  doorLists.set(null);
  if ("caches" in window) void caches.delete(CACHE);
}

/**
 * First kept, then shown: what the page says that it knows, it knows after a reload too.
 * @param {DoorLists} lists
 */
async function keepLists(lists) {
  try {
    const cache = await caches.open(CACHE);
    await cache.put(PLACE, new Response(JSON.stringify(lists)));
  } catch {
    // No room, or no HTTPS: it is known as long as the page is open.
  }
  doorLists.set(lists);
}

/** What an earlier page has kept. */
async function recallLists() {
  const isHere = "caches" in window && (await caches.has(CACHE));
  const kept = isHere ? await (await caches.open(CACHE)).match(PLACE) : null;
  /** @type {DoorLists | null} */
  const lists = kept ? await kept.json() : null;
  if (doorLists.get()) return;
  if (lists) recallOffset(lists.ahead);
  doorLists.set(lists && { ...lists, tick: 0 });
}

let syncing = /** @type {Promise<void> | null} */ (null);

/** Ask what changed. What is known stays while there is no answer. */
export const syncDoor = () => (syncing ??= sync().finally(() => (syncing = null)));

async function sync() {
  const session = token.get();
  if (session === null) return;
  const askedAt = Date.now();
  const before = listsInHand();
  try {
    if (me.get() === null) await loadMe();
    const venues = await api("/me/venues");
    if (venues.results.length === 0) return forgetLists();
    const etag = before?.etag ?? "";
    const { data, headers } = await apiResponse("/revoked-tickets", { etag });
    reached();
    if (session !== token.get()) return;
    // The server's clock is known since its answer, if not before.
    const ahead = serverNow() - Date.now();
    await keepLists({
      by: me.get()?.id ?? "",
      venues: venues.results,
      events: data?.results ?? before?.events ?? [],
      etag: headers.get("ETag") ?? "",
      at: askedAt + ahead,
      tick: performance.now(),
      ahead,
    });
    if (session !== token.get()) forgetLists();
  } catch (reason) {
    // Who works there no more has no use for it.
    if ([401, 403].includes(asApiError(reason).status)) forgetLists();
  }
}

/**
 * Keep the list fresh while the door is open.
 * @param {boolean} isSignedIn
 */
export function useFreshLists(isSignedIn) {
  useEffect(() => {
    if (!isSignedIn) return;
    void recallLists().then(syncDoor);
    const timer = setInterval(syncDoor, PERIOD);
    const look = () => void (document.visibilityState === "visible" && syncDoor());
    addEventListener("online", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      removeEventListener("online", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [isSignedIn]);
}
