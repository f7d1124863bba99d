/** Why an event cannot be bought right now, in honest words, and what else one can do. */
import { html } from "../html.js";
import { useNow } from "../lib/clock.js";
import { joined, t } from "../lib/i18n.js";
import { clockTime, dayWords, duration } from "../lib/when.js";
import { Icon } from "./icon.js";
import { Notice } from "./notice.js";

/** @typedef {import("../../types").EventDetail} EventDetail */

/** @param {{event: EventDetail, reload: () => void}} props */
export function EventState({ event, reload }) {
  const now = useNow(30_000);
  const { title, text } = wordsFor(event, now);
  const tone = event.availability === "cancelled" ? "loss" : "quiet";
  return html`
    <${Notice} title=${title} text=${text} tone=${tone}>
      ${event.availability === "all_held" &&
      html`<button type="button" class="button" onClick=${reload}>${t("Look again")}</button>`}
      ${event.listing_url &&
      event.availability === "no_tickets_here" &&
      html`<a class="button" href=${event.listing_url} target="_blank" rel="noopener noreferrer">
        ${t("See the original listing")} <${Icon} name="away" />
      </a>`}
      <a class="button" href="/">${t("See what else is on")}</a>
    <//>
  `;
}

/**
 * @param {EventDetail} event
 * @param {number} now
 * @returns {{title: string, text: string}}
 */
function wordsFor(event, now) {
  switch (event.availability) {
    case "sold_out":
      return {
        title: t("Sold out"),
        text: t("Every ticket on this app has been sold. If one comes back, it shows here."),
      };
    case "all_held":
      return {
        title: t("Somebody holds the last tickets"),
        text: t(
          "They are not sold yet. If they are not paid for within a few minutes, they can be bought here again.",
        ),
      };
    case "not_yet_on_sale":
      return { title: t("Not on sale yet"), text: opensWords(event, now) };
    case "sales_closed":
      return { title: t("Sales have closed"), text: t("There may be tickets at the door.") };
    case "paused":
      return {
        title: t("Sales are paused"),
        text: t("The venue has stopped selling for the moment. Look again later."),
      };
    case "cancelled":
      return {
        title: t("Cancelled"),
        text: t("This event will not take place. Whoever has a ticket gets the money back."),
      };
    case "postponed":
      return {
        title: t("Postponed"),
        text: t("It will take place on another date. Tickets stay valid."),
      };
    case "finished":
      return { title: t("This event is over"), text: "" };
    default:
      return {
        title: t("No tickets here"),
        text: t("We list this event so that you know of it, but do not sell tickets for it."),
      };
  }
}

/**
 * @param {EventDetail} event
 * @param {number} now
 */
function opensWords(event, now) {
  if (!event.sales_open_at) return t("The venue has not said when the sale opens.");
  const left = Date.parse(event.sales_open_at) - now;
  const until = left > 0 && left < 86_400_000 ? t("in {time}", { time: duration(left) }) : "";
  const opens = { ...event, starts_at: event.sales_open_at };
  const time = clockTime(event.sales_open_at, event.time_zone);
  return joined(
    [t("The sale opens: {day} {time}", { day: dayWords(opens, now), time }), until],
    ", ",
  );
}
