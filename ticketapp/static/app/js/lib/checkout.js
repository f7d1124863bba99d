/** The course of one payment, from the first tap to the ticket or a clear no. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { ApiError, asApiError } from "./api.js";
import * as buying from "./buying.js";
import { learnServerTime } from "./clock.js";
import { t } from "./i18n.js";
import { go } from "./router.js";
import { keepTickets } from "./tickets.js";

/** @typedef {import("../../types").Hold} Hold */
/** @typedef {import("../../types").Order} Order */

/**
 * ready: the person's turn · paying: sent, no answer yet · challenge: the bank
 * asks · waiting: the provider works on it · unsure: the answer was lost ·
 * over: nothing more can be bought here.
 * @typedef {"ready" | "paying" | "challenge" | "waiting" | "unsure" | "over"} Phase
 */

/**
 * @typedef {object} Course
 * @property {Phase} phase
 * @property {Order | null} order
 * @property {ApiError | null} error
 */

const OVERTAKEN = new Set(["payment_in_progress", "order_closed", "order_paid"]);
const OVER = new Set(["hold_expired", "event_cancelled"]);

/** @param {Hold} hold */
export function useCheckout(hold) {
  const [course, setCourse] = useState(/** @type {Course} */ ({ phase: "ready", order: null, error: null }));
  const order = useRef(/** @type {Order | null} */ (null));
  const aborter = useRef(new AbortController());
  useEffect(() => () => aborter.current.abort(), []);

  /** @param {Partial<Course>} change */
  const set = (change) => setCourse((before) => ({ ...before, ...change }));

  const take = useCallback(async (/** @type {Order} */ next) => {
    order.current = next;
    const step = stepFor(next);
    if (step === "paid") return arrive(next);
    set({ order: next, phase: step, error: step === "ready" ? declineOf(next) : null });
    if (step === "waiting") await settle(next.id);
  }, []);

  /** @param {string} id */
  const settle = async (id) => {
    try {
      const { signal } = aborter.current;
      await take(await buying.waitForOrder(id, signal, buying.isSettled));
    } catch (reason) {
      if (!aborter.current.signal.aborted) set({ phase: "unsure", error: asApiError(reason) });
    }
  };

  /** @param {() => Promise<Order | null>} work */
  const attempt = async (work) => {
    set({ phase: "paying", error: null });
    try {
      const next = await work();
      if (next) await take(next);
      else set({ phase: "ready" });
    } catch (reason) {
      await refused(asApiError(reason));
    }
  };

  /** @param {ApiError} error */
  const refused = async (error) => {
    if (error.isUncertain) return set({ phase: "unsure", error });
    const made = error.meta["order"];
    if (made) order.current = await buying.loadOrder(String(made)).catch(() => order.current);
    const known = order.current;
    // It may be under way or paid for already, perhaps on another device.
    if (known && OVERTAKEN.has(error.code) && known.status !== "cancelled") return take(known);
    const isOver = OVER.has(error.code) || known?.status === "cancelled";
    set({ phase: isOver ? "over" : "ready", order: known, error });
  };

  /**
   * @param {string | null} method
   * @param {boolean} save
   */
  const pay = (method, save) =>
    attempt(() => buying.pay({ hold, order: order.current, method, save }));

  const ask = () =>
    attempt(async () => {
      if (buying.isPaymentOpen(hold.id)) return buying.payAgain(hold.id);
      return order.current ? buying.loadOrder(order.current.id) : null;
    });

  const confirmed = async () => {
    set({ phase: "waiting", error: null });
    if (order.current) await settle(order.current.id);
  };

  const giveUp = async () => {
    set({ phase: "paying", error: null });
    try {
      if (order.current?.status === "pending") await buying.cancelOrder(order.current.id);
      await buying.letGo(hold.id).catch(() => null);
      go(`/events/${hold.event.id}`, { replace: true });
    } catch (reason) {
      await refused(asApiError(reason));
    }
  };

  useEffect(() => {
    learnServerTime(hold.server_time, Date.now());
    // Came back in the middle of it: ask what has become of the payment.
    if (hold.order) void attempt(() => buying.loadOrder(String(hold.order)));
    else if (buying.isPaymentOpen(hold.id)) void attempt(() => buying.payAgain(hold.id));
  }, [hold.id]);

  return { ...course, pay, ask, confirmed, giveUp, pauseChallenge: () => set({ phase: "ready", error: unconfirmed() }), openChallenge: () => set({ phase: "challenge", error: null }) };
}

/**
 * @param {Order} order
 * @returns {Phase | "paid"}
 */
function stepFor(order) {
  if (buying.isPaid(order)) return "paid";
  if (order.status === "cancelled") return "over";
  const { payment } = order;
  if (payment?.status === "requires_action") return payment.next_action ? "challenge" : "waiting";
  return buying.isSettled(order) ? "ready" : "waiting";
}

/** @param {Order} order */
function arrive(order) {
  void keepTickets();
  go(`/orders/${order.id}`, { replace: true, state: { justPaid: true } });
}

/**
 * A decline that the order carries, told like one that came as a refusal.
 * @param {Order} order
 */
function declineOf(order) {
  const decline = order.payment?.decline;
  if (!decline) return null;
  return new ApiError({
    status: 402,
    code: "card_declined",
    title: t("Your card was not accepted"),
    detail: `${decline.message} ${t("You have not been charged, and your tickets are still held.")}`,
    action: decline.action,
    meta: { charged: decline.charged },
  });
}

const unconfirmed = () =>
  new ApiError({
    status: 402,
    code: "authentication_pending",
    title: t("Your bank has not confirmed this payment"),
    detail: t("You have not been charged. Open the confirmation again, or use another card."),
    action: "authenticate_payment",
    meta: { charged: false },
  });
