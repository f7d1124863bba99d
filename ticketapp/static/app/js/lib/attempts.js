/**
 * Say it once, however often it must be repeated. An attempt keeps its
 * Idempotency-Key in sessionStorage until the server has given a clear answer,
 * so a lost response, a reload or a second tap never buys twice.
 */
import { ApiError, api } from "./api.js";
import { newId } from "./ids.js";
import { read, write } from "./store.js";

const PAUSES = [1_000, 2_000, 4_000];
const LONGEST_WAIT = 10;

/** @typedef {{key: string, path: string, body: unknown}} Attempt */

/**
 * POST once under one key, repeating it while nobody knows the outcome.
 * @template [T=any]
 * @param {string} scope  what is attempted, such as "pay:<hold>"
 * @param {string} path
 * @param {unknown} body
 * @param {AbortSignal} [signal]  nothing is sent any more once it is aborted
 * @returns {Promise<T>}
 */
export async function sendOnce(scope, path, body, signal) {
  signal?.throwIfAborted();
  const attempt = open(scope, path, body);
  for (let turn = 0; ; turn += 1) {
    try {
      const answer = await api(path, {
        method: "POST",
        body,
        idempotencyKey: attempt.key,
        timeout: 40_000,
      });
      close(scope);
      return answer;
    } catch (reason) {
      const pause = pauseAfter(reason, turn);
      if (pause === null) {
        if (reason instanceof ApiError && !isOpen(reason)) close(scope);
        throw reason;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      signal?.throwIfAborted();
    }
  }
}

/**
 * The attempt that got no clear answer yet, if any.
 * @param {string} scope
 * @returns {Attempt | null}
 */
export const unfinished = (scope) => read("sessionStorage", `try.${scope}`, null);

/**
 * Ask again for the answer of an unfinished attempt.
 * @param {string} scope
 */
export async function finish(scope) {
  const attempt = unfinished(scope);
  return attempt ? sendOnce(scope, attempt.path, attempt.body) : null;
}

/**
 * @param {string} scope
 * @param {string} path
 * @param {unknown} body
 * @returns {Attempt}
 */
function open(scope, path, body) {
  const before = unfinished(scope);
  const isSame =
    before?.path === path && JSON.stringify(before.body) === JSON.stringify(body);
  if (before && isSame) return before;
  const attempt = { key: newId(), path, body };
  write("sessionStorage", `try.${scope}`, attempt);
  return attempt;
}

/** @param {string} scope */
const close = (scope) => write("sessionStorage", `try.${scope}`, null);

/**
 * True while the same request may still turn out to have worked.
 * @param {ApiError} reason
 */
function isOpen(reason) {
  return reason.isUncertain || reason.status === 429 || isInFlight(reason);
}

/** @param {ApiError} reason */
const isInFlight = (reason) => reason.code === "request_in_progress";

/**
 * Milliseconds until the next turn, or null to give up.
 * @param {unknown} reason
 * @param {number} turn
 */
function pauseAfter(reason, turn) {
  if (!(reason instanceof ApiError) || !isOpen(reason)) return null;
  if (reason.status === 500) return null;
  const pause = PAUSES[turn];
  if (pause === undefined) return null;
  const asked = reason.retryAfter ?? 0;
  return asked > LONGEST_WAIT ? null : Math.max(pause, asked * 1_000);
}
