/** A form for a card that is kept for later: nothing is paid with it now. */
import { html } from "../html.js";
import { CardForm } from "./card-form.js";
import { StripeForm } from "./stripe-form.js";

/**
 * @param {{
 *   payments: import("../../types").PaymentsConfig,
 *   form: {current: import("./card-form.js").PayForm | null},
 *   disabled: boolean,
 *   currency?: string,
 * }} props
 */
export const NewCard = ({ payments, form, disabled, currency }) =>
  payments.provider === "stripe"
    ? html`<${StripeForm} payments=${payments} form=${form} currency=${currency} />`
    : html`<${CardForm} payments=${payments} form=${form} disabled=${disabled} />`;
