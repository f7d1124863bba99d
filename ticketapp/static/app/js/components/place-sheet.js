/** Choose where to look: a city by name, or the phone's position. */
import { useEffect, useId, useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { t, tn } from "../lib/i18n.js";
import { findPlaces, regionOf, useCity } from "../lib/place.js";
import { Icon } from "./icon.js";
import { PositionButton } from "./position-button.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../../types").FoundPlace} FoundPlace */

const PAUSE = 250;

/** @param {{onClose: () => void, onChosen: () => void, hint?: string}} props */
export function PlaceSheet({ onClose, onChosen, hint }) {
  const [text, setText] = useState("");
  const { places, problem } = usePlaces(text);
  const fieldId = useId();
  /** @param {FoundPlace} found */
  const choose = (found) => {
    useCity(found);
    onChosen();
  };
  return html`
    <${Sheet} title=${t("Where")} onClose=${onClose}>
      ${hint && html`<p class="hint" role="alert">${hint}</p>`}
      <label class="field" for=${fieldId}>
        <span>${t("City or town")}</span>
        <input
          id=${fieldId}
          data-first
          type="search"
          autocomplete="address-level2"
          enterkeyhint="search"
          value=${text}
          onInput=${(/** @type {any} */ event) => setText(event.target.value)}
        />
      </label>
      <p class="visually-hidden" role="status">
        ${places && tn(places.length, "{n} place found", "{n} places found")}
      </p>
      ${problem && html`<p class="hint" role="alert">${problem}</p>`}
      <ul class="choices">
        ${(places ?? []).map(
          (found) => html`
            <li>
              <button type="button" class="choice" onClick=${() => choose(found)}>
                <${Icon} name="pin" />
                <span>${found.name} <span class="quiet">${regionOf(found)}</span></span>
              </button>
            </li>
          `,
        )}
      </ul>
      ${places?.length === 0 && html`<p class="quiet">${t("No place by that name. Try a larger town nearby.")}</p>`}
      <${PositionButton} className="button wide" onFound=${onChosen} />
    <//>
  `;
}

/** @param {string} text */
function usePlaces(text) {
  const [places, setPlaces] = useState(/** @type {FoundPlace[] | null} */ (null));
  const [problem, setProblem] = useState("");
  const wanted = text.trim();
  useEffect(() => {
    setProblem("");
    if (wanted.length < 2) {
      setPlaces(null);
      return;
    }
    const aborter = new AbortController();
    const timer = setTimeout(async () => {
      try {
        setPlaces(await findPlaces(wanted, aborter.signal));
      } catch (reason) {
        if (!aborter.signal.aborted) setProblem(asApiError(reason).title);
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      aborter.abort();
    };
  }, [wanted]);
  return { places, problem };
}
