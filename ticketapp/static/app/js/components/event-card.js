/** One event in a list. */
import { html } from "../html.js";
import { serverNow } from "../lib/clock.js";
import { formatDistance, formatMoney, formatPrice } from "../lib/format.js";
import { joined, t, tn } from "../lib/i18n.js";
import { isTonight, timeOnDay, untilWords, whenBrief } from "../lib/when.js";
import { Picture } from "./picture.js";

/** @typedef {import("../../types").EventCard} EventCard */

/** @param {{event: EventCard, now: number}} props */
export function EventCardItem({ event, now }) {
  return html`
    <li class="card">
      <a href=${`/events/${event.id}`} class="card-link">
        <${Picture} title=${event.name} url=${event.image_url} />
        <div class="card-words">
          <h3>${event.name}</h3>
          <p class="quiet">${whereBrief(event)}</p>
          <p class="quiet">${joined([whenBrief(event, now), untilWords(event, now)], ", ")}</p>
          <p class="card-price">${priceWords(event)}</p>
          <${QuietLine} event=${event} />
        </div>
      </a>
    </li>
  `;
}

/**
 * "The Lexington · 0.4 mi". A venue known by its city only is never given a distance.
 * @param {Pick<EventCard, "venue" | "distance_m">} event
 */
export function whereBrief({ venue, distance_m: metres }) {
  if (venue.location_precision === "city") {
    return t("{venue} · in {city}", { venue: venue.name, city: venue.city });
  }
  return joined([venue.name, metres === null ? venue.city : formatDistance(metres)], " · ");
}

/** @param {EventCard} event */
function priceWords(event) {
  const words = stateWords(event);
  if (words) return html`<span class="state">${words}</span>`;
  if (!event.from_price) return "";
  if (event.from_price.amount === 0) return html`<strong>${t("Free")}</strong>`;
  const price = html`<strong>${formatPrice(event.from_price)}</strong>`;
  return html`${price} <span class="quiet">${t("incl. fees")}</span>`;
}

/**
 * A few words for an event that cannot be bought, or null if it can.
 * @param {{availability: EventCard["availability"], sales_open_at?: string | null, time_zone: string}} event
 */
export function stateWords(event) {
  switch (event.availability) {
    case "on_sale":
      return null;
    case "sold_out":
      return t("Sold out");
    case "all_held":
      return t("Somebody holds the last tickets");
    case "not_yet_on_sale":
      return event.sales_open_at
        ? t("On sale from {time}", {
            time: timeOnDay(event.sales_open_at, event.time_zone, serverNow()),
          })
        : t("Not on sale yet");
    case "sales_closed":
      return t("Sales have closed");
    case "paused":
      return t("Sales are paused");
    case "cancelled":
      return t("Cancelled");
    case "postponed":
      return t("Postponed");
    case "finished":
      return t("Over");
    default:
      return t("No tickets here");
  }
}

/**
 * "price falls to £26 at 19:30", or nothing when no fall is planned.
 * @param {Pick<EventCard, "next_price" | "next_price_at">} offer
 * @param {string} zone
 */
export function fallWords({ next_price: next, next_price_at: at }, zone) {
  const now = serverNow();
  if (!next || !at || Date.parse(at) <= now) return "";
  if (next.amount === 0) return t("free from {time}", { time: timeOnDay(at, zone, now) });
  const values = { price: formatMoney(next), time: timeOnDay(at, zone, now) };
  return isTonight(at, zone, now)
    ? t("price falls to {price} at {time}", values)
    : t("price falls to {price}: {time}", values);
}

/**
 * At most one line, and only of what is true: a price that will fall, or how few are left.
 * @param {{event: EventCard}} props
 */
function QuietLine({ event }) {
  if (event.availability !== "on_sale") return null;
  const falls = fallWords(event, event.time_zone);
  if (falls) return html`<p class="quiet-line">${falls}</p>`;
  if (event.left === null) return null;
  return html`<p class="quiet-line">
    ${tn(event.left, "{n} left on this app", "{n} left on this app")}
  </p>`;
}

/** What stands where a card will be. */
export const CardSkeleton = () => html`
  <li class="card skeleton" aria-hidden="true">
    <div class="card-link">
      <div class="picture"></div>
      <div class="card-words"><i></i><i></i><i></i></div>
    </div>
  </li>
`;
