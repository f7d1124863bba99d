/** Stripe's Payment Element. Loaded from Stripe, and only with live keys: Stripe asks for that. */
import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { ApiError } from "../lib/api.js";
import { locale, t } from "../lib/i18n.js";

const SOURCE = "https://js.stripe.com/v3/";
// Stripe wants one named even where nothing is paid; a card is kept for all of them.
const ANY_CURRENCY = "usd";

/** @type {Promise<any> | null} */
let loading = null;

/**
 * Stripe's library with our publishable key, loaded once.
 * @param {string} key
 * @returns {Promise<any>}
 */
export function stripeFor(key) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = SOURCE;
    script.onload = () => resolve(window.Stripe?.(key));
    script.onerror = () => {
      loading = null;
      reject(new Error("Stripe.js did not load."));
    };
    document.head.append(script);
  });
  return loading;
}

/**
 * The element collects the card before there is an intent; we get its token.
 * @param {{
 *   payments: import("../../types").PaymentsConfig,
 *   form: {current: import("./card-form.js").PayForm | null},
 *   total?: import("../../types").Money | null,
 *   currency?: string,
 * }} props  total: what is paid at once; without one the card is kept for later
 */
export function StripeForm({ payments, form, total = null, currency }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const elements = useRef(/** @type {any} */ (null));
  const [state, setState] = useState(/** @type {"loading" | "ready" | "failed"} */ ("loading"));
  useEffect(() => {
    let isGone = false;
    stripeFor(payments.publishable_key)
      .then((stripe) => {
        if (isGone) return;
        elements.current = stripe.elements(settings(total, currency));
        const element = elements.current.create("payment", { layout: "tabs" });
        element.on("ready", () => setState("ready"));
        element.on("loaderror", () => setState("failed"));
        element.mount(box.current);
        form.current = { tokenise: () => tokenise(stripe, elements.current) };
      })
      .catch(() => setState("failed"));
    return () => {
      isGone = true;
      form.current = null;
    };
  }, []);
  useEffect(() => {
    if (total) elements.current?.update({ amount: total.amount });
  }, [total?.amount]);
  return html`
    ${state === "loading" && html`<p role="status">${t("Loading the payment form…")}</p>`}
    ${state === "failed" &&
    html`<p class="hint" role="alert">
      ${t("The payment form could not be loaded. You have not been charged.")}${" "}
      ${total
        ? t("Reload the page to try again; your tickets stay held.")
        : t("Reload the page to try again.")}
    </p>`}
    <div ref=${box}></div>
  `;
}

/**
 * @param {import("../../types").Money | null} total
 * @param {string} [currency]
 */
function settings(total, currency) {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const style = getComputedStyle(document.documentElement);
  const token = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return {
    ...(total ? { mode: "payment", amount: total.amount } : { mode: "setup" }),
    currency: (total?.currency ?? currency ?? ANY_CURRENCY).toLowerCase(),
    // As the server asks for them: anything else would be filled in for nothing.
    paymentMethodTypes: ["card"],
    paymentMethodCreation: "manual",
    locale: locale(),
    appearance: {
      theme: isDark ? "night" : "stripe",
      variables: {
        colorPrimary: token("--accent"),
        colorBackground: token("--surface"),
        colorText: token("--ink"),
        colorDanger: token("--needs"),
        borderRadius: "12px",
      },
    },
  };
}

/**
 * @param {any} stripe
 * @param {any} elements
 * @returns {Promise<string | null>}
 */
async function tokenise(stripe, elements) {
  const { error: incomplete } = await elements.submit();
  // The element shows what is missing at its own fields.
  if (incomplete) return null;
  const { error, paymentMethod } = await stripe.createPaymentMethod({ elements });
  if (!error) return paymentMethod.id;
  throw new ApiError({
    status: 402,
    code: error.code ?? "card_error",
    title: error.message ?? t("The card could not be read"),
    detail: t("You have not been charged."),
    action: "use_another_card",
    meta: { charged: false },
  });
}
