/**
 * What the door has to know while it has no network: which events are on tonight, and
 * which of their tickets do not admit. Fetched each minute while the door is open.
 */
import { useEffect } from "preact/hooks";

import { api } from "./api.js";
import { serverNow } from "./clock.js";
import { createKeptStore } from "./store.js";
import { token } from "./token.js";

/** @typedef {import("../../types").Revocations} Revocations */
/** @typedef {import("../../types").StaffVenue} StaffVenue */

/**
 * @typedef {object} DoorLists
 * @property {StaffVenue[]} venues
 * @property {Revocations[]} events
 * @property {number} at  when the server said so
 */

const PERIOD = 60_000;
/** A door is open for an evening: an older list is of another one. */
const OLDEST = 12 * 3_600_000;

const kept = createKeptStore(
  "localStorage",
  "door",
  /** @type {DoorLists | null} */ (null),
);
token.subscribe(() => {
  if (token.get() === null) kept.set(null);
});

export const doorLists = kept;

/** What is known for tonight; null once that is too old. */
export function listsOfTonight() {
  const known = kept.get();
  return known && serverNow() - known.at < OLDEST ? known : null;
}

/** Ask what changed. What is known stays while this fails. */
export async function syncDoor() {
  const asked = token.get();
  if (asked === null) return;
  try {
    const [venues, events] = await Promise.all([api("/me/venues"), api("/revoked-tickets")]);
    if (asked !== token.get()) return;
    kept.set({ venues: venues.results, events: events.results, at: serverNow() });
  } catch {
    // The page says since when the list is; the next round asks again.
  }
}

/** Keep the list fresh while this is on the screen. */
export function useFreshLists() {
  useEffect(() => {
    void syncDoor();
    const timer = setInterval(syncDoor, PERIOD);
    addEventListener("online", syncDoor);
    return () => {
      clearInterval(timer);
      removeEventListener("online", syncDoor);
    };
  }, []);
}
