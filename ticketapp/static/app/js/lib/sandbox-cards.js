/**
 * Trade a card number for a token, as Stripe.js does with Stripe: straight at
 * the provider's address, form-encoded, never past our order endpoints.
 */
import { ApiError } from "./api.js";
import { digitsOf, expiryParts } from "./cards.js";
import { t } from "./i18n.js";

/**
 * @param {import("../../types").PaymentsConfig} payments
 * @param {{number: string, expiry: string, cvc: string}} card
 * @returns {Promise<string>} the payment method's id
 */
export async function tokenise(payments, card) {
  const { month, year } = expiryParts(card.expiry);
  const form = new URLSearchParams({
    type: "card",
    "card[number]": digitsOf(card.number),
    "card[exp_month]": String(month),
    "card[exp_year]": String(year),
    "card[cvc]": card.cvc,
    key: payments.publishable_key,
  });
  const response = await post(payments.tokenize_url ?? "", form);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer?.id) return answer.id;
  throw new ApiError({
    status: response.status,
    code: answer?.error?.code ?? "card_error",
    title: answer?.error?.message ?? t("The card could not be read"),
    detail: t("You have not been charged."),
    action: "use_another_card",
    meta: { param: answer?.error?.param, charged: false },
  });
}

/**
 * @param {string} url
 * @param {URLSearchParams} form
 */
async function post(url, form) {
  try {
    return await fetch(url, {
      method: "POST",
      body: form,
      credentials: "omit",
      signal: AbortSignal.timeout(20_000),
    });
  } catch {
    throw new ApiError({
      status: 0,
      code: "offline",
      title: t("No connection"),
      detail: t("You have not been charged. Try again in a moment."),
      action: "retry",
      meta: { charged: false },
    });
  }
}
