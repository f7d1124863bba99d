/** One less, one more. */
import { html } from "../html.js";
import { t, tn } from "../lib/i18n.js";
import { Icon } from "./icon.js";

/**
 * @param {{
 *   value: number,
 *   most: number,
 *   onChange: (value: number) => void,
 * }} props
 */
export function Stepper({ value, most, onChange }) {
  return html`
    <div class="stepper" role="group" aria-label=${t("How many tickets")}>
      <button
        type="button"
        class="round"
        aria-label=${t("One less")}
        disabled=${value <= 1}
        onClick=${() => onChange(value - 1)}
      >
        <${Icon} name="minus" />
      </button>
      <output aria-live="polite">
        <span aria-hidden="true">${value}</span>
        <span class="visually-hidden">${tn(value, "{n} ticket", "{n} tickets")}</span>
      </output>
      <button
        type="button"
        class="round"
        aria-label=${t("One more")}
        disabled=${value >= most}
        onClick=${() => onChange(value + 1)}
      >
        <${Icon} name="plus" />
      </button>
    </div>
  `;
}
