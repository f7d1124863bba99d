/** Asking again and again until something has come to an end. */
import { ApiError } from "./api.js";

const POLLS = 60;

/**
 * What `ask` gives once `isDone`; a lost answer is no reason to stop asking. Throws an
 * ApiError "timeout" after some two minutes, and the signal's reason once aborted.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {(found: T) => boolean} isDone
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
export async function pollUntil(ask, isDone, signal) {
  for (let turn = 0; ; turn += 1) {
    signal.throwIfAborted();
    const found = await once(ask);
    if (found !== null && isDone(found)) return found;
    if (turn >= POLLS) throw new ApiError({ status: 0, code: "timeout" });
    await pause(turn < 10 ? 700 : 2_000, signal);
  }
}

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T | null>}
 */
async function once(ask) {
  try {
    return await ask();
  } catch (reason) {
    if (reason instanceof ApiError && reason.isUncertain) return null;
    throw reason;
  }
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 */
const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
