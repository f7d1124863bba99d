/**
 * Scans at the door. Each has an id of its own and keeps it until the server has
 * answered, so a scan whose answer was lost is sent again as the same scan and
 * can neither be forgotten nor count twice. Without network the lists of tonight
 * decide, if they can; what they let in is kept and sent later.
 */
import { useEffect, useRef, useState } from "preact/hooks";

import { api, asApiError } from "./api.js";
import { serverNow } from "./clock.js";
import { readCode } from "./codes.js";
import { cameInHere, judge } from "./door-judge.js";
import { isOutOfReach, missed, reached } from "./door-reach.js";
import { newId } from "./ids.js";
import { keepScan, unsentScanOf } from "./kept-scans.js";
import { noteComing, noteRefusal, whatIsKnownOf } from "./seen-tickets.js";

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

/** @typedef {{id: string, code: string, gate: string, firstSent: number}} Asked */
/** @typedef {Omit<Scan, "id">} Told */

const PATIENCE = 8_000;
const PAUSES = [1_000, 2_000, 4_000, 8_000];

/** @param {string} gate  what the door is called, for whoever scans there again */
export function useScans(gate) {
  const [scan, setScan] = useState(/** @type {Scan} */ ({ phase: "ready", id: "" }));
  const running = useRef(/** @type {AbortController | null} */ (null));
  const hurry = useRef(() => {});
  /** Codes that have no answer: scanned again, they are the same scan. */
  const open = useRef(/** @type {Map<string, {id: string, firstSent: number}>} */ (new Map()));
  useEffect(() => () => running.current?.abort(), []);

  /**
   * Ask about one code until there is an answer.
   * @param {string} code
   */
  const ask = async (code) => {
    const begun = open.current.get(code) ?? { id: newId(), firstSent: performance.now() };
    const { signal } = (running.current = new AbortController());
    const { id } = begun;
    open.current.set(code, begun);
    setScan({ phase: "asking", id });
    for (let turn = 0; ; turn += 1) {
      const next = await answerTo({ ...begun, code, gate }, signal);
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
 * Of the server if it can be had, else of the lists.
 * @param {Asked} asked
 * @param {AbortSignal} signal
 * @returns {Promise<Told>}
 */
async function answerTo(asked, signal) {
  const ticket = readCode(asked.code)?.ticket ?? "";
  // The server does not know yet who came in here without network.
  if (unsentScanOf(ticket)) {
    return { phase: "refused", error: cameInHere(whatIsKnownOf(ticket)?.at ?? serverNow()) };
  }
  const known = isOutOfReach() ? await fromLists(asked) : null;
  if (known) return known;
  const told = await send(asked, ticket, signal);
  if (told.phase !== "unsent" || signal.aborted) return told;
  return (await fromLists(asked)) ?? told;
}

/**
 * @param {Asked} asked
 * @param {string} ticket
 * @param {AbortSignal} signal
 * @returns {Promise<Told>}
 */
async function send({ id, code, gate }, ticket, signal) {
  const body = { code, scan_id: id, ...(gate && { gate }) };
  try {
    const checkIn = await api("/check-ins", { method: "POST", body, signal, timeout: PATIENCE });
    reached();
    noteComing(ticket);
    return { phase: "in", checkIn };
  } catch (reason) {
    if (signal.aborted) return { phase: "ready" };
    const error = asApiError(reason);
    if (!isAnswer(error)) {
      missed();
      return { phase: "unsent", error };
    }
    reached();
    if (isOfTheTicket(error)) noteRefusal(ticket, error);
    return { phase: "refused", error };
  }
}

/**
 * @param {Asked} asked
 * @returns {Promise<Told | null>}
 */
async function fromLists({ id, code, gate, firstSent }) {
  const found = await judge(code, firstSent);
  if (!found) return null;
  const { ticket, eventName, error, listAt } = found;
  if (error) return { phase: "refused", error, listAt };
  keepScan({ id, code, ticket, gate });
  return { phase: "in", eventName, listAt };
}

/** @param {ApiError} error */
const isAnswer = (error) =>
  error.code === "client" || !(error.isUncertain || error.status === 429);

/** @param {ApiError} error */
const isOfTheTicket = ({ code }) =>
  code === "already_checked_in" || code === "ticket_not_valid";
