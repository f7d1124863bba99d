/** An ordinary card form. What is typed here goes to the payment provider only. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { brandOf, cardErrors, digitsOf, expiryTyped, grouped } from "../lib/cards.js";
import { serverNow } from "../lib/clock.js";
import { t } from "../lib/i18n.js";
import { tokenise } from "../lib/sandbox-cards.js";

/** @typedef {"number" | "expiry" | "cvc"} Field */

/** What a form for paying gives to the button: a token, or null and its errors are shown. */
/** @typedef {{tokenise: () => Promise<string | null>}} PayForm */

/** @type {Field[]} */
const FIELDS = ["number", "expiry", "cvc"];
/** @type {Record<string, Field>} */
const FIELD_OF = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" };

/**
 * @param {{
 *   payments: import("../../types").PaymentsConfig,
 *   form: {current: PayForm | null},
 *   disabled: boolean,
 * }} props
 */
export function CardForm({ payments, form, disabled }) {
  const [card, drawCard] = useState({ number: "", expiry: "", cvc: "" });
  // What is typed, ahead of its drawing: Enter may follow the last digit at once.
  const typed = useRef(card);
  const [touched, setTouched] = useState(/** @type {Set<Field>} */ (new Set()));
  const [refused, setRefused] = useState(/** @type {Record<string, string>} */ ({}));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const errors = cardErrors(card, serverNow());

  useEffect(() => {
    form.current = {
      async tokenise() {
        setTouched(new Set(FIELDS));
        const now = cardErrors(typed.current, serverNow());
        const wrong = FIELDS.find((field) => now[field]);
        if (wrong) return focusOn(wrong);
        return tokenise(payments, typed.current).catch(atField);
      },
    };
  });

  /** @param {Field} field */
  const focusOn = (field) => {
    const input = box.current?.querySelector(`[name="${field}"]`);
    if (input instanceof HTMLElement) input.focus();
    return null;
  };

  /**
   * The provider found a field wrong: say so there, as if we had.
   * @param {any} reason
   */
  const atField = (reason) => {
    const field = FIELD_OF[reason.meta?.param];
    if (!field) throw reason;
    setRefused({ [field]: reason.title });
    return focusOn(field);
  };

  /** @param {Partial<typeof card>} what */
  const change = (what) => {
    typed.current = { ...typed.current, ...what };
    drawCard(typed.current);
    setRefused({});
  };
  /** @param {Field} field */
  const leave = (field) => card[field] && setTouched(new Set([...touched, field]));
  const brand = brandOf(card.number);
  /** @param {Field} field */
  const shared = (field) => ({
    field,
    disabled,
    value: card[field],
    problem: refused[field] ?? (touched.has(field) ? errorWords(field, errors[field]) : ""),
    onLeave: () => leave(field),
  });

  return html`
    <div class="card-form" ref=${box}>
      <${CardField}
        ...${shared("number")}
        label=${t("Card number")}
        autocomplete="cc-number"
        aside=${brand.name}
        onType=${(/** @type {string} */ text) => change({ number: grouped(text) })}
      />
      <div class="card-row">
        <${CardField}
          ...${shared("expiry")}
          label=${t("Expiry (MM / YY)")}
          autocomplete="cc-exp"
          onType=${(/** @type {string} */ text) => change({ expiry: expiryTyped(text, card.expiry) })}
        />
        <${CardField}
          ...${shared("cvc")}
          label=${brand.cvc === 4 ? t("Security code (4 digits)") : t("Security code")}
          autocomplete="cc-csc"
          onType=${(/** @type {string} */ text) => change({ cvc: digitsOf(text).slice(0, brand.cvc) })}
        />
      </div>
      <${TestCards}
        cards=${payments.test_cards}
        onPick=${(/** @type {string} */ number) =>
          change({
            number: grouped(number),
            expiry: "12 / 34",
            cvc: "1234".slice(0, brandOf(number).cvc),
          })}
      />
    </div>
  `;
}

/**
 * @param {{
 *   field: Field,
 *   label: string,
 *   value: string,
 *   autocomplete: string,
 *   problem: string,
 *   disabled: boolean,
 *   aside?: string,
 *   onType: (text: string) => void,
 *   onLeave: () => void,
 * }} props
 */
function CardField({ field, label, value, autocomplete, problem, disabled, aside, onType, onLeave }) {
  const id = useId();
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <div class="field-box">
        <input
          id=${id}
          name=${field}
          type="text"
          inputmode="numeric"
          autocomplete=${autocomplete}
          value=${value}
          readOnly=${disabled}
          required
          aria-invalid=${problem ? "true" : null}
          aria-describedby=${problem ? `${id}-problem` : null}
          onInput=${(/** @type {any} */ event) => keepCursor(event.target, onType)}
          onBlur=${onLeave}
        />
        ${aside && html`<span class="field-aside" aria-live="polite">${aside}</span>`}
      </div>
      ${problem && html`<p class="hint" id=${`${id}-problem`} role="alert">${problem}</p>`}
    </div>
  `;
}

/**
 * Regrouping must not throw the cursor to the end: keep it after the same digit.
 * @param {HTMLInputElement} input
 * @param {(text: string) => void} onType
 */
function keepCursor(input, onType) {
  const cursor = input.selectionStart ?? input.value.length;
  const isAtEnd = cursor === input.value.length;
  const digits = digitsOf(input.value.slice(0, cursor)).length;
  onType(input.value);
  if (isAtEnd) return;
  requestAnimationFrame(() => {
    let place = 0;
    for (let seen = 0; seen < digits && place < input.value.length; place += 1) {
      if (/\d/.test(input.value[place] ?? "")) seen += 1;
    }
    input.setSelectionRange(place, place);
  });
}

/**
 * @param {Field} field
 * @param {string} error
 */
function errorWords(field, error) {
  if (!error) return "";
  if (field === "number") {
    if (error === "invalid") return t("This card number is not valid. Check the digits.");
    return error === "missing" ? t("Enter the card number.") : t("The card number is too short.");
  }
  if (field === "expiry") {
    if (error === "past") return t("This card has expired. Use another card.");
    if (error === "invalid") return t("A month is between 01 and 12.");
    return t("Enter the month and year, such as 04 / 30.");
  }
  return t("Enter the security code from the card.");
}

/**
 * In the sandbox only: the server sends no test cards otherwise.
 * @param {{cards: {number: string, label: string}[], onPick: (number: string) => void}} props
 */
function TestCards({ cards, onPick }) {
  if (!cards?.length) return null;
  return html`
    <details class="disclosure demo">
      <summary>${t("Demo: no money moves. Test cards")}</summary>
      <ul class="test-cards">
        ${cards.map(
          ({ number, label }) => html`
            <li>
              <button type="button" class="link" onClick=${() => onPick(number)}>
                <span class="digits">${grouped(number)}</span> ${label}
              </button>
            </li>
          `,
        )}
      </ul>
    </details>
  `;
}
