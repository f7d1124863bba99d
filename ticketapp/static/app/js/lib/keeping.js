/** Having a card kept without buying: the provider, perhaps the bank, then us. */
import { useEffect, useRef, useState } from "preact/hooks";

import { ApiError, api } from "./api.js";
import { sendOnce } from "./attempts.js";
import { t } from "./i18n.js";
import { pollUntil } from "./polling.js";

/** @typedef {import("../../types").CardSetup} CardSetup */

const WAITING = new Set(["started", "requires_action"]);
const UNHEARD = "card_setup_unheard";
const UNCONFIRMED = "card_not_confirmed";

/**
 * Whether the card may have been kept after all: the list of cards will say.
 * @param {ApiError | null} error
 */
export const isUnheard = (error) => error?.code === UNHEARD || error?.code === UNCONFIRMED;

/**
 * `keep` gives the id of the kept card. Meanwhile `asked` may be a set-up that the
 * bank wants to see confirmed: show it, and say when one is back or has closed it.
 * Once the component is gone, `keep` sends nothing any more.
 */
export function useKeeping() {
  const [asked, setAsked] = useState(/** @type {CardSetup | null} */ (null));
  const back = useRef(/** @type {(isThrough: boolean) => void} */ (() => {}));
  const aborter = useRef(new AbortController());
  useEffect(() => () => aborter.current.abort(), []);

  /** @param {CardSetup} setup */
  const askBank = async (setup) => {
    const isThrough = await new Promise((resolve) => {
      back.current = resolve;
      setAsked(setup);
    });
    setAsked(null);
    if (!isThrough) throw unconfirmed();
  };

  /**
   * @param {string} method  the provider's name for the card
   * @returns {Promise<string>}
   */
  const keep = async (method) => {
    const { signal } = aborter.current;
    let setup = await sendOnce(
      `keep:${method}`,
      "/payment-methods/setup",
      { payment_method: method },
      signal,
    );
    if (setup.next_action) await askBank(setup);
    if (WAITING.has(setup.status)) setup = await waitForSetup(setup.id, signal);
    if (!setup.card) throw notKept(setup);
    return setup.card;
  };

  return {
    asked,
    keep,
    onThrough: () => back.current(true),
    onGivenUp: () => back.current(false),
  };
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<CardSetup>}
 */
async function waitForSetup(id, signal) {
  try {
    return await pollUntil(
      () => api(`/payment-methods/setup/${id}`),
      (/** @type {CardSetup} */ setup) => !WAITING.has(setup.status),
      signal,
    );
  } catch (reason) {
    if (reason instanceof ApiError && reason.code === "timeout") throw unheard();
    throw reason;
  }
}

/** @param {CardSetup} setup  with the bank's reason, where it gave one */
const notKept = ({ decline }) =>
  new ApiError({
    status: 402,
    code: "card_not_kept",
    title: t("This card could not be kept"),
    detail: decline
      ? `${decline.message} ${t("You have not been charged.")}`
      : t("You have not been charged. Try again, or use another card."),
    action: decline?.action ?? "use_another_card",
    meta: { charged: false },
  });

const unconfirmed = () =>
  new ApiError({
    status: 402,
    code: UNCONFIRMED,
    title: t("Your bank has not confirmed this card"),
    detail: t("You have not been charged. If you confirm it after all, the card is kept, and can be removed under You."),
    action: "use_another_card",
    meta: { charged: false },
  });

const unheard = () =>
  new ApiError({
    status: 0,
    code: UNHEARD,
    title: t("We have not heard whether the card is kept"),
    detail: t("You have not been charged. Choose the card if it is listed by now, or try again."),
    action: "retry",
    meta: { charged: false },
  });
