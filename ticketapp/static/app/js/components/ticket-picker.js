/** Which ticket, and how many. */
import { html } from "../html.js";
import { useNow } from "../lib/clock.js";
import { formatPrice } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { fallWords, stateWords } from "./event-card.js";
import { Stepper } from "./stepper.js";

/** @typedef {import("../../types").TicketType} TicketType */
/** @typedef {import("../../types").EventDetail} EventDetail */

/**
 * @param {{
 *   event: EventDetail,
 *   chosen: TicketType | null,
 *   quantity: number,
 *   most: number,
 *   onChoose: (id: string) => void,
 *   onQuantity: (quantity: number) => void,
 * }} props
 */
export function TicketPicker({ event, chosen, quantity, most, onChoose, onQuantity }) {
  return html`
    <fieldset class="ticket-types">
      <legend class="section-title">${t("Tickets")}</legend>
      ${event.ticket_types.map(
        (type) => html`
          <${TypeRow}
            key=${type.id}
            type=${type}
            event=${event}
            isChosen=${type.id === chosen?.id}
            onChoose=${() => onChoose(type.id)}
          />
        `,
      )}
    </fieldset>
    ${chosen &&
    html`
      <div class="quantity">
        <span>
          ${t("How many")}
          ${quantity >= most &&
          html`<span class="quiet"> ${tn(most, "{n} at most", "{n} at most")}</span>`}
        </span>
        <${Stepper} value=${quantity} most=${most} onChange=${onQuantity} />
      </div>
    `}
  `;
}

/**
 * @param {{type: TicketType, event: EventDetail, isChosen: boolean, onChoose: () => void}} props
 */
function TypeRow({ type, event, isChosen, onChoose }) {
  const state = stateWords({ ...event, availability: type.availability });
  return html`
    <label class=${state ? "ticket-type is-off" : "ticket-type"}>
      <input
        type="radio"
        name="ticket-type"
        value=${type.id}
        checked=${isChosen}
        disabled=${Boolean(state)}
        onChange=${onChoose}
      />
      <span class="ticket-type-words">
        <strong>${type.name}</strong>
        ${type.description && html`<span class="quiet">${type.description}</span>`}
        ${state ? html`<span class="state">${state}</span>` : html`<${TypeLine} type=${type} zone=${event.time_zone} />`}
      </span>
      <span class="ticket-type-price">
        <strong>${formatPrice(type.price.total)}</strong>
        ${type.price.fee.amount > 0 && html`<span class="quiet">${t("incl. fees")}</span>`}
      </span>
    </label>
  `;
}

/** @param {{type: TicketType, zone: string}} props */
function TypeLine({ type, zone }) {
  useNow(30_000);
  const falls = fallWords(type, zone);
  if (falls) return html`<span class="quiet-line">${falls}</span>`;
  if (type.left === null) return null;
  return html`<span class="quiet-line">
    ${tn(type.left, "{n} left on this app", "{n} left on this app")}
  </span>`;
}
