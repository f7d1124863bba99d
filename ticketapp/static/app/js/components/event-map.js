/** The events of a list on a map, one pin for each venue. */
import { html } from "../html.js";
import { formatPrice } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { place } from "../lib/place.js";
import { go } from "../lib/router.js";
import { createStore, useStore } from "../lib/store.js";
import { stateWords } from "./event-card.js";
import { PinMap } from "./map.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../../types").EventCard} EventCard */

const opened = createStore(/** @type {EventCard[] | null} */ (null));

/** @param {{events: EventCard[]}} props */
export function EventMap({ events }) {
  const here = useStore(place);
  const shown = useStore(opened);
  const exact = events.filter(({ venue }) => venue.location_precision === "exact");
  const hidden = events.length - exact.length;
  const name = here?.kind === "city" ? here.name : t("You");
  return html`
    <${PinMap}
      pins=${pinsOf(exact)}
      here=${here}
      hereWords=${name}
      label=${t("Map of events. The list has the same events.")}
    />
    ${hidden > 0 &&
    html`<p class="map-note">
      ${tn(
        hidden,
        "{n} event is not on the map: we know its city only.",
        "{n} events are not on the map: we know their city only.",
      )}
    </p>`}
    ${shown &&
    html`
      <${Sheet} title=${shown[0]?.venue.name ?? ""} onClose=${() => opened.set(null)}>
        <ul class="choices">
          ${shown.map(
            (event) => html`
              <li>
                <button type="button" class="choice" onClick=${() => open(event)}>
                  <span>${event.name} <span class="quiet">${words(event)}</span></span>
                </button>
              </li>
            `,
          )}
        </ul>
      <//>
    `}
  `;
}

/** @param {EventCard} event */
function open(event) {
  opened.set(null);
  go(`/events/${event.id}`);
}

/** @param {EventCard} event */
const words = (event) =>
  stateWords(event) ?? (event.from_price ? formatPrice(event.from_price) : "");

/** @param {EventCard[]} events */
function pinsOf(events) {
  /** @type {Map<string, EventCard[]>} */
  const venues = new Map();
  for (const event of events) {
    if (event.venue.latitude === null || event.venue.longitude === null) continue;
    const group = venues.get(event.venue.id);
    if (group) group.push(event);
    else venues.set(event.venue.id, [event]);
  }
  return [...venues.values()].map(pinOf);
}

/** @param {EventCard[]} group */
function pinOf(group) {
  const [first] = /** @type {[EventCard]} */ (group);
  const many = group.length > 1;
  const price = first.from_price && !stateWords(first) ? formatPrice(first.from_price) : "";
  return {
    id: first.venue.id,
    latitude: Number(first.venue.latitude),
    longitude: Number(first.venue.longitude),
    words: many ? tn(group.length, "{n} event", "{n} events") : price,
    label: many
      ? `${first.venue.name}: ${tn(group.length, "{n} event", "{n} events")}`
      : `${first.name}, ${first.venue.name}, ${words(first)}`,
    onTap: () => (many ? opened.set(group) : go(`/events/${first.id}`)),
  };
}
