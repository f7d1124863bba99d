/** What the total is made of, each line with its purpose, the total largest. */
import { html } from "../html.js";
import { priceLines } from "../lib/buying.js";
import { formatMoney, formatPrice } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

/** @param {{price: import("../../types").Price, quantity: number, name: string}} props */
export function PriceLines({ price, quantity, name }) {
  const { tickets, fee, tax, total, currency } = priceLines(price, quantity);
  /** @param {number} amount */
  const money = (amount) => formatMoney({ amount, currency });
  return html`
    <dl class="price-lines">
      <div>
        <dt>${tn(quantity, "{n} × {name}", "{n} × {name}", { name })}</dt>
        <dd>${money(tickets)}</dd>
      </div>
      ${fee > 0 &&
      html`<div>
        <dt>${price.fee.name || t("Booking fee")}</dt>
        <dd>${money(fee)}</dd>
      </div>`}
      ${tax > 0 &&
      !price.tax.included &&
      html`<div>
        <dt>${price.tax.name || t("Tax")}</dt>
        <dd>${money(tax)}</dd>
      </div>`}
      <div class="price-total">
        <dt>${t("Total")}</dt>
        <dd>${formatPrice({ amount: total, currency })}</dd>
      </div>
      ${tax > 0 &&
      price.tax.included &&
      html`<div class="quiet">
        <dt>${t("of which {tax}", { tax: price.tax.name || t("Tax") })}</dt>
        <dd>${money(tax)}</dd>
      </div>`}
    </dl>
  `;
}
