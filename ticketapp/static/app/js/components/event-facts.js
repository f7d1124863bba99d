/** When, where, who and under which conditions. */
import { html } from "../html.js";
import { addressOf } from "../lib/address.js";
import { useNow } from "../lib/clock.js";
import { t } from "../lib/i18n.js";
import { metresTo, place } from "../lib/place.js";
import { useStore } from "../lib/store.js";
import { dateWords, whenInWords } from "../lib/when.js";
import { whereBrief } from "./event-card.js";
import { Icon } from "./icon.js";
import { PinMap } from "./map.js";

/** @typedef {import("../../types").EventDetail} EventDetail */

/** @param {{event: EventDetail}} props */
export function EventFacts({ event }) {
  const now = useNow(30_000);
  const { venue } = event;
  const metres = event.distance_m ?? metresTo(useStore(place), venue);
  const others = (event.performers ?? []).filter(({ name }) => name !== event.name);
  return html`
    ${others.length > 0 && html`<p class="performers">${others.map(({ name }) => name).join(", ")}</p>`}
    <dl class="facts">
      <div>
        <dt><${Icon} name="clock" /><span class="visually-hidden">${t("When")}</span></dt>
        <dd>
          <strong>${whenInWords(event, now)}</strong>
          ${(event.starts_at || event.local_date) && html`<span class="quiet">${dateWords(event)}</span>`}
        </dd>
      </div>
      <div>
        <dt><${Icon} name="pin" /><span class="visually-hidden">${t("Where")}</span></dt>
        <dd>
          <strong>${whereBrief({ venue, distance_m: near(metres) })}</strong>
          ${addressOf(venue) && html`<span class="quiet">${addressOf(venue)}</span>`}
        </dd>
      </div>
    </dl>
  `;
}

const FAR = 150_000;

/**
 * From another end of the country a distance says nothing: the city does.
 * @param {number | null} metres
 */
const near = (metres) => (metres !== null && metres < FAR ? metres : null);

/** @param {{event: EventDetail, isWhole: boolean}} props */
export const EventMore = ({ event, isWhole }) => html`
  <${VenueMap} venue=${event.venue} />
  ${isWhole && html`<${Conditions} event=${event} />`}
`;

/** @param {{venue: EventDetail["venue"]}} props */
function VenueMap({ venue }) {
  const here = useStore(place);
  if (venue.location_precision !== "exact" || venue.latitude === null || venue.longitude === null) {
    return null;
  }
  const isNear = near(metresTo(here, venue)) !== null;
  const pin = {
    id: venue.id,
    latitude: venue.latitude,
    longitude: venue.longitude,
    words: venue.name,
    label: venue.name,
  };
  const way = `https://www.openstreetmap.org/directions?to=${venue.latitude}%2C${venue.longitude}`;
  return html`
    <${PinMap}
      pins=${[pin]}
      here=${isNear ? here : null}
      hereWords=${here?.kind === "city" ? here.name : t("You")}
      label=${t("Map of {venue}", { venue: venue.name })}
      still=${true}
    />
    <p>
      <a class="link" href=${way} target="_blank" rel="noopener noreferrer">
        ${t("Find the way")} <${Icon} name="away" />
      </a>
    </p>
  `;
}

/** @param {{event: EventDetail}} props */
function Conditions({ event }) {
  const { seller } = event;
  return html`
    ${event.description &&
    html`<section class="prose"><h2>${t("About")}</h2>
      ${event.description.split(/\n{2,}/).map((text) => html`<p dir="auto">${text}</p>`)}</section>`}
    ${event.venue.refund_policy &&
    html`<section class="prose"><h2>${t("If you cannot come")}</h2><p dir="auto">${event.venue.refund_policy}</p></section>`}
    ${seller &&
    html`<section class="prose"><h2>${t("Who sells")}</h2>
      <p>${t("Tickets are sold by {seller}.", { seller })}</p></section>`}
  `;
}
