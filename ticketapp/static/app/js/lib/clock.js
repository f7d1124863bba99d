/**
 * The server's clock. A countdown that trusts the phone's clock would lie on
 * every phone that is set wrong.
 */
import { useEffect, useState } from "preact/hooks";

let offset = 0;
let certainty = Infinity;

/** Milliseconds since the epoch, by the server's clock. */
export const serverNow = () => Date.now() + offset;

/**
 * Learn from an answer: what the server's clock said, and when we asked.
 * The quickest answer so far wins, because it leaves the least room for error.
 * @param {string | null | undefined} said  ISO time, or the Date header
 * @param {number} askedAt  Date.now() before the request
 */
export function learnServerTime(said, askedAt) {
  const theirs = said ? Date.parse(said) : NaN;
  if (Number.isNaN(theirs)) return;
  const answeredAt = Date.now();
  // A Date header has whole seconds only, so it knows half a second less.
  const coarse = said?.includes("T") ? 0 : 500;
  const doubt = (answeredAt - askedAt) / 2 + coarse;
  if (doubt > certainty && certainty !== Infinity) return;
  certainty = doubt;
  offset = theirs + coarse - (askedAt + answeredAt) / 2;
}

/**
 * What an earlier page knew of the phone's clock, until the server says it anew.
 * @param {number} known  milliseconds that the server is ahead
 */
export function recallOffset(known) {
  if (certainty === Infinity) offset = known;
}

/**
 * The server's time now, redrawing every `period` milliseconds.
 * @param {number} period
 */
export function useNow(period) {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), period);
    return () => clearInterval(timer);
  }, [period]);
  return now;
}
