/** Category, radius and order of a list; and whether it is a list or a map. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { radii, sorts, usualRadius, windows } from "../lib/filters.js";
import { formatRadius } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { useResource } from "../lib/resource.js";
import { setQuery } from "../lib/router.js";
import { Icon } from "./icon.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../lib/filters.js").Filters} Filters */

/** @param {{filters: Filters}} props */
export function FilterBar({ filters }) {
  const [isOpen, setOpen] = useState(false);
  const { data } = useResource("/categories");
  /** @type {import("../../types").Category[]} */
  const categories = data?.results ?? data ?? [];
  const changed = Number(filters.radius !== usualRadius()) + Number(filters.sort !== "start");
  return html`
    <div class="filter-bar">
      <div class="chips" role="group" aria-label=${t("Category")}>
        <button type="button" class="chip" onClick=${() => setOpen(true)} aria-haspopup="dialog">
          <${Icon} name="sliders" />
          ${changed ? t("Filters · {n}", { n: changed }) : t("Filters")}
        </button>
        ${categories.map(
          ({ slug, name }) => html`
            <button
              type="button"
              key=${slug}
              class="chip"
              aria-pressed=${filters.category === slug}
              onClick=${() => setQuery({ category: filters.category === slug ? null : slug })}
            >
              ${name}
            </button>
          `,
        )}
      </div>
      <${ViewSwitch} view=${filters.view} />
    </div>
    ${isOpen && html`<${FilterSheet} filters=${filters} onClose=${() => setOpen(false)} />`}
  `;
}

/** @param {{view: Filters["view"]}} props */
function ViewSwitch({ view }) {
  const other = view === "map" ? "list" : "map";
  return html`
    <button
      type="button"
      class="chip view-switch"
      onClick=${() => setQuery({ view: other === "map" ? "map" : null })}
    >
      <${Icon} name=${other} />
      ${other === "map" ? t("Map") : t("List")}
    </button>
  `;
}

/** @param {{filters: Filters, onClose: () => void}} props */
function FilterSheet({ filters, onClose }) {
  return html`
    <${Sheet} title=${t("Filters")} onClose=${onClose}>
      <${Choices}
        legend=${t("Starts")}
        name="within"
        value=${filters.within}
        choices=${windows()}
        usual="tonight"
      />
      <${Choices}
        legend=${t("How far")}
        name="radius"
        value=${String(filters.radius)}
        choices=${radii().map((n) => ({ value: String(n), words: formatRadius(n) }))}
        usual=${String(usualRadius())}
      />
      <${Choices}
        legend=${t("Order")}
        name="sort"
        value=${filters.sort}
        choices=${sorts()}
        usual="start"
      />
      <button type="button" class="button primary wide" onClick=${onClose}>${t("Show events")}</button>
    <//>
  `;
}

/**
 * One choice out of a few; it takes effect at once.
 * @param {{
 *   legend: string,
 *   name: string,
 *   value: string,
 *   choices: {value: string, words: string}[],
 *   usual: string,
 * }} props
 */
export function Choices({ legend, name, value, choices, usual }) {
  return html`
    <fieldset class="segments">
      <legend>${legend}</legend>
      ${choices.map(
        (choice) => html`
          <label key=${choice.value} class="segment">
            <input
              type="radio"
              name=${name}
              value=${choice.value}
              checked=${choice.value === value}
              onChange=${() =>
                setQuery({ [name]: choice.value === usual ? null : choice.value })}
            />
            <span>${choice.words}</span>
          </label>
        `,
      )}
    </fieldset>
  `;
}

/** @param {{filters: Filters, onClose: () => void}} props */
export function WhenSheet({ filters, onClose }) {
  return html`
    <${Sheet} title=${t("When")} onClose=${onClose}>
      <${Choices}
        legend=${t("Starts")}
        name="within"
        value=${filters.within}
        choices=${windows()}
        usual="tonight"
      />
      <button type="button" class="button primary wide" onClick=${onClose}>${t("Show events")}</button>
    <//>
  `;
}
