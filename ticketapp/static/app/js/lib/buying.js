/** From a wish to a hold, and from a hold to an order. No view, no words. */
import { api } from "./api.js";
import { finish, sendOnce, unfinished } from "./attempts.js";
import { pollUntil } from "./polling.js";

/** @typedef {import("../../types").Hold} Hold */
/** @typedef {import("../../types").Order} Order */

const LIVE = new Set(["active", "paying"]);
/** A payment that was made but not answered for is told as "processing". */
const UNDER_WAY = new Set(["requires_action", "processing", "succeeded"]);

/**
 * Set tickets aside. Repeats of the same wish are one hold.
 * @param {string} ticketType
 * @param {number} quantity
 * @returns {Promise<Hold>}
 */
export const takeHold = (ticketType, quantity) =>
  sendOnce(`hold:${ticketType}`, "/holds", { ticket_type: ticketType, quantity });

/**
 * The live hold this person has for an event already, if any.
 * @param {string} eventId
 * @returns {Promise<Hold | null>}
 */
export async function liveHold(eventId) {
  const { results } = await api("/holds");
  return (
    results.find((/** @type {Hold} */ hold) => hold.event.id === eventId && LIVE.has(hold.status)) ??
    null
  );
}

/** @param {string} holdId */
export const letGo = (holdId) => api(`/holds/${holdId}`, { method: "DELETE" });

/**
 * Pay for a hold: the first card makes the order, another card pays the same one.
 * @param {{hold: Hold, order: Order | null, method: string | null, save: boolean}} wish
 * @returns {Promise<Order>}
 */
export function pay({ hold, order, method, save }) {
  const scope = payScope(hold.id);
  if (order) {
    const body = { payment_method: method, save_card: save };
    return sendOnce(scope, `/orders/${order.id}/pay`, body);
  }
  const body = method
    ? { hold: hold.id, payment_method: method, save_card: save }
    : { hold: hold.id };
  return sendOnce(scope, "/orders", body);
}

/**
 * Ask again for the answer that never came.
 * @param {string} holdId
 * @returns {Promise<Order | null>}
 */
export const payAgain = (holdId) => finish(payScope(holdId));

/**
 * True while a payment was sent and its answer never came.
 * @param {string} holdId
 */
export const isPaymentOpen = (holdId) => unfinished(payScope(holdId)) !== null;

/** @param {string} holdId */
const payScope = (holdId) => `pay:${holdId}`;

/**
 * @param {string} id
 * @returns {Promise<Order>}
 */
export const loadOrder = (id) => api(`/orders/${id}`);

/** @param {string} id */
export const cancelOrder = (id) =>
  sendOnce(`cancel:${id}`, `/orders/${id}/cancel`, {});

/** @param {string} id */
export const handBack = (id) =>
  sendOnce(`refund:${id}`, `/orders/${id}/refund`, {});

/**
 * Ask for the order until its payment has come to an end, one way or another.
 * @param {string} id
 * @param {AbortSignal} signal
 * @param {(order: Order) => boolean} isDone
 * @returns {Promise<Order>}
 */
export const waitForOrder = (id, signal, isDone) => pollUntil(() => loadOrder(id), isDone, signal);

/**
 * Nothing more will happen by itself: paid, refused, given up, or it is the person's turn.
 * @param {Order} order
 */
export function isSettled(order) {
  const isUnderWay = UNDER_WAY.has(order.payment?.status ?? "");
  return order.status !== "pending" || !isUnderWay;
}

/** @param {Order} order */
export const isPaid = (order) =>
  order.status === "paid" || order.status === "partly_refunded" || order.status === "refunded";

/**
 * The amounts of a number of tickets, line by line, as shown before paying.
 * @param {import("../../types").Price} price
 * @param {number} quantity
 */
export function priceLines(price, quantity) {
  const { unit, fee, tax } = price;
  return {
    tickets: unit.amount * quantity,
    fee: fee.amount * quantity,
    tax: tax.amount * quantity,
    total: price.total.amount * quantity,
    currency: price.total.currency,
  };
}
