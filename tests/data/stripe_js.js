/*
 * Stands in for https://js.stripe.com/v3/ in a browser test: the part of its
 * documented interface that a payment without an intent needs, as strict about
 * the order of calls as Stripe is. Stripe's own servers are the sandbox here.
 */
window.Stripe = (key) => {
  const misuse = (text) => {
    throw new Error(`IntegrationError: ${text}`);
  };
  if (!/^pk_(test|live)_/.test(key)) misuse("the key is not a publishable key");
  window.stripeCalls = [`Stripe(${key})`];
  const note = (text) => window.stripeCalls.push(text);

  const paymentElement = () => {
    const listeners = {};
    const known = ["ready", "loaderror", "change", "focus", "blur", "escape"];
    return {
      on(name, listener) {
        if (!known.includes(name)) misuse(`no event ${name}`);
        listeners[name] = listener;
        return this;
      },
      mount(box) {
        if (!(box instanceof HTMLElement) || !box.isConnected) misuse("no such element");
        box.innerHTML = "<label>Number at Stripe <input name='stripe-number'></label>";
        note("mount");
        setTimeout(() => listeners.ready?.({ elementType: "payment" }));
      },
      unmount() {},
      destroy() {},
    };
  };

  return {
    elements(options) {
      const { mode, amount, currency, paymentMethodCreation, paymentMethodTypes, locale } = options;
      if (!["payment", "setup"].includes(mode)) misuse("mode is required without a client secret");
      const isPaid = Number.isInteger(amount) && amount > 0;
      if (mode === "payment" && !isPaid) misuse("amount is in minor units");
      if (mode === "setup" && amount !== undefined) misuse("nothing is paid by a setup");
      if (!/^[a-z]{3}$/.test(currency)) misuse("currency is in lower case");
      if (paymentMethodTypes?.join() !== "card") misuse("the intents are for cards only");
      note(`elements(${mode}, ${amount}, ${currency}, ${locale})`);
      let isSubmitted = false;
      return {
        create(type) {
          if (type !== "payment") misuse(`no element ${type}`);
          return paymentElement();
        },
        async submit() {
          note("submit");
          const { value } = document.querySelector("[name=stripe-number]");
          isSubmitted = value !== "";
          if (isSubmitted) return { selectedPaymentMethod: "card" };
          return { error: { type: "validation_error", code: "incomplete_number" } };
        },
        update({ amount }) {
          if (mode !== "payment") misuse("nothing is paid by a setup");
          note(`update(${amount})`);
        },
        createsByHand: paymentMethodCreation === "manual",
        isSubmitted: () => isSubmitted,
      };
    },

    async createPaymentMethod({ elements }) {
      if (!elements.createsByHand) misuse("paymentMethodCreation must be manual");
      if (!elements.isSubmitted()) misuse("elements.submit() comes first");
      note("createPaymentMethod");
      const { value } = document.querySelector("[name=stripe-number]");
      const card = { number: value, exp_month: 12, exp_year: 2034, cvc: "123" };
      const fields = Object.entries(card).map(([name, of]) => [`card[${name}]`, of]);
      const answer = await fetch("/sandbox/v1/payment_methods", {
        method: "POST",
        body: new URLSearchParams([["type", "card"], ["key", "pk_test_sandbox"], ...fields]),
      });
      const { error, ...paymentMethod } = await answer.json();
      return error ? { error } : { paymentMethod };
    },

    async handleNextAction({ clientSecret }) {
      if (!/^(pi|seti)_\w+_secret_\w+$/.test(clientSecret)) misuse("no client secret");
      // Stripe's own dialog is part of the page: an open modal would lie above it.
      const isCovered = document.querySelector("dialog:modal") !== null;
      note(`handleNextAction ${isCovered ? "under a modal" : "with nothing above the page"}`);
      await window.confirmAtTheBank(clientSecret);
      return { [clientSecret.startsWith("pi_") ? "paymentIntent" : "setupIntent"]: {} };
    },
  };
};
