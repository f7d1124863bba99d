/**
 * Scans at the door. Each has an id of its own and keeps it until the server has
 * answered, so a scan whose answer was lost is sent again as the same scan and
 * can neither be forgotten nor count twice. Without network the lists of tonight
 * decide, if they can; what they let in is kept and sent later.
 */
import { useEffect, useRef, useState } from "preact/hooks";

import { api, asApiError } from "./api.js";
import { judge } from "./door-judge.js";
import { newId } from "./ids.js";
import { keepScan, noteComing } from "./kept-scans.js";

/** @typedef {import("./api.js").ApiError} ApiError */
/** @typedef {import("../../types").CheckIn} CheckIn */

/**
 * ready: nothing scanned yet · asking: sent · unsent: no answer, sent again soon ·
 * in: let them in · refused: do not.
 * @typedef {object} Scan
 * @property {"ready" | "asking" | "unsent" | "in" | "refused"} phase
 * @property {string} id
 * @property {CheckIn} [checkIn]
 * @property {ApiError} [error]
 * @property {string} [eventName]  of who is let in without network
 * @property {number} [listAt]  how the list stood that decided without network
 */

const PATIENCE = 8_000;
/** After a scan without answer the lists decide at once for so long, and then ask. */
const OUT_FOR = 30_000;
const PAUSES = [1_000, 2_000, 4_000, 8_000];

/** @param {string} gate  what the door is called, for whoever scans there again */
export function useScans(gate) {
  const [scan, setScan] = useState(/** @type {Scan} */ ({ phase: "ready", id: "" }));
  const running = useRef(/** @type {AbortController | null} */ (null));
  const hurry = useRef(() => {});
  /** The ids of codes that have no answer: scanned again, they are the same scan. */
  const open = useRef(/** @type {Map<string, string>} */ (new Map()));
  const outUntil = useRef(0);
  useEffect(() => () => running.current?.abort(), []);

  /**
   * Ask about one code until there is an answer.
   * @param {string} code
   */
  const ask = async (code) => {
    const id = open.current.get(code) ?? newId();
    const { signal } = (running.current = new AbortController());
    open.current.set(code, id);
    setScan({ phase: "asking", id });
    for (let turn = 0; ; turn += 1) {
      const next = await answerTo({ id, code, gate }, signal);
      if (signal.aborted) return;
      setScan({ id, ...next });
      if (next.phase !== "unsent") break;
      await pause(PAUSES[turn] ?? 8_000, signal);
      if (signal.aborted) return;
    }
    open.current.delete(code);
    running.current = null;
  };

  /**
   * Of the server if it can be had, else of the lists.
   * @param {{id: string, code: string, gate: string}} asked
   * @param {AbortSignal} signal
   * @returns {Promise<Omit<Scan, "id">>}
   */
  const answerTo = async (asked, signal) => {
    const isOut = !navigator.onLine || Date.now() < outUntil.current;
    const known = isOut ? await fromLists(asked) : null;
    if (known) return known;
    const { id, code, gate: place } = asked;
    const told = await send({ code, scan_id: id, ...(place && { gate: place }) }, signal);
    outUntil.current = told.phase === "unsent" ? Date.now() + OUT_FOR : 0;
    if (told.phase !== "unsent" || signal.aborted) return told;
    return (await fromLists(asked)) ?? told;
  };

  /**
   * @param {number} period
   * @param {AbortSignal} signal
   */
  const pause = (period, signal) =>
    new Promise((resolve) => {
      hurry.current = () => resolve(null);
      setTimeout(resolve, period);
      addEventListener("online", resolve, { once: true, signal });
      signal.addEventListener("abort", resolve);
    });

  /**
   * Start a scan; false while another one has no answer yet.
   * @param {string} text
   */
  const start = (text) => {
    const code = text.trim();
    if (!code || running.current) return false;
    void ask(code);
    return true;
  };

  const giveUp = () => {
    running.current?.abort();
    running.current = null;
    setScan({ phase: "ready", id: "" });
  };

  return { scan, start, giveUp, sendNow: () => hurry.current() };
}

/**
 * @param {{code: string, scan_id: string, gate?: string}} body
 * @param {AbortSignal} signal
 * @returns {Promise<Omit<Scan, "id">>}
 */
async function send(body, signal) {
  try {
    /** @type {CheckIn} */
    const checkIn = await api("/check-ins", { method: "POST", body, signal, timeout: PATIENCE });
    noteComing(checkIn.ticket.id);
    return { phase: "in", checkIn };
  } catch (reason) {
    if (signal.aborted) return { phase: "ready" };
    const error = asApiError(reason);
    return { phase: isAnswer(error) ? "refused" : "unsent", error };
  }
}

/**
 * @param {{id: string, code: string, gate: string}} asked
 * @returns {Promise<Omit<Scan, "id"> | null>}
 */
async function fromLists({ id, code, gate }) {
  const found = await judge(code);
  if (!found) return null;
  const { ticket, event, error, listAt } = found;
  if (error) return { phase: "refused", error, listAt };
  keepScan({ id, code, ticket, gate });
  return { phase: "in", eventName: event?.name ?? "", listAt };
}

/** @param {ApiError} error */
const isAnswer = (error) =>
  error.code === "client" || !(error.isUncertain || error.status === 429);
