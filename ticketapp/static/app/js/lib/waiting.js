/** Places in line for tickets that are gone: joining, watching, leaving. */
import { useCallback, useEffect, useRef } from "preact/hooks";

import { api } from "./api.js";
import { sendOnce } from "./attempts.js";
import { useResource } from "./resource.js";
import { signedIn } from "./session.js";
import { useStore } from "./store.js";

/** @typedef {import("../../types").WaitlistEntry} WaitlistEntry */

const LOOK_EVERY = 10_000;

/** @param {WaitlistEntry} entry */
export const isLive = ({ status }) => status === "waiting" || status === "offered";

/**
 * This person's newest entry for an event, watched while it is live.
 * @param {string} eventId
 * @param {unknown} news  what changes when tickets come or go
 */
export function useEntry(eventId, news) {
  const isSignedIn = useStore(signedIn);
  const { data, reload } = useResource(isSignedIn ? "/waitlist-entries" : null);
  /** @type {WaitlistEntry | null} */
  const entry =
    data?.results.find((/** @type {WaitlistEntry} */ { event }) => event.id === eventId) ?? null;
  const isWatched = entry !== null && isLive(entry);
  useEffect(() => {
    if (!isWatched) return;
    const timer = setInterval(() => document.hidden || void reload(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [isWatched, reload]);
  useEffect(() => void (isWatched && reload()), [news]);
  // Whoever signs in on the way asks with what was drawn before they did.
  const latest = useRef(reload);
  latest.current = reload;
  return { entry, reload: useCallback(() => latest.current(), []) };
}

/**
 * @typedef {object} Charge  what may be taken while the person is away
 * @property {import("../../types").Money} maximum
 * @property {string} until
 * @property {string} card
 * @property {string} consent  the version of the words that were agreed to
 */

/**
 * @param {string} ticketType
 * @param {number} quantity
 * @param {Charge | null} charge  none: be told
 * @param {AbortSignal} [signal]  nothing is sent any more once it is aborted
 * @returns {Promise<WaitlistEntry>}
 */
export const join = (ticketType, quantity, charge, signal) =>
  sendOnce(
    `wait:${ticketType}`,
    "/waitlist-entries",
    {
      ticket_type: ticketType,
      quantity,
      ...(charge && {
        until: charge.until,
        max_total: charge.maximum,
        payment_method: charge.card,
        consent_version: charge.consent,
      }),
    },
    signal,
  );

/** @param {string} id */
export const leave = (id) => api(`/waitlist-entries/${id}`, { method: "DELETE" });
