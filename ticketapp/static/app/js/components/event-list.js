/** A list of events, in groups where the order allows, with more on the way. */
import { useEffect, useRef } from "preact/hooks";

import { html } from "../html.js";
import { useNow } from "../lib/clock.js";
import { t } from "../lib/i18n.js";
import { groupOf } from "../lib/when.js";
import { CardSkeleton, EventCardItem } from "./event-card.js";
import { Refusal } from "./notice.js";

/** @typedef {import("../../types").EventCard} EventCard */

/**
 * @param {{
 *   listing: ReturnType<typeof import("../lib/listing.js").useListing>,
 *   grouped: boolean,
 *   empty: unknown,
 * }} props
 */
export function EventList({ listing, grouped, empty }) {
  const now = useNow(30_000);
  const { items, status, error } = listing;
  if (items.length === 0) {
    if (status === "loading") return html`<${Skeletons} />`;
    if (error) return html`<${Failed} error=${error} reload=${listing.reload} />`;
    return empty;
  }
  const groups = grouped ? inGroups(items, now) : [{ title: "", events: items }];
  return html`
    ${error && status === "failed" && html`<${Refusal} error=${error} onRetry=${listing.reload} />`}
    ${groups.map(
      ({ title, events }) => html`
        <section key=${title} class="group">
          <h2 class=${title ? "group-title" : "visually-hidden"}>${title || t("Events")}</h2>
          <ul class="cards">
            ${events.map(
              (event) => html`<${EventCardItem} key=${event.id} event=${event} now=${now} />`,
            )}
          </ul>
        </section>
      `,
    )}
    <${More} listing=${listing} />
  `;
}

/** @param {{error: import("../lib/api.js").ApiError, reload: () => void}} props */
const Failed = ({ error, reload }) => html`
  <${Refusal} error=${error}>
    <button type="button" class="button" onClick=${reload}>${t("Try again")}</button>
    ${error.isOffline && html`<a class="button" href="/tickets">${t("See your tickets")}</a>`}
  <//>
`;

/**
 * @param {EventCard[]} events
 * @param {number} now
 */
function inGroups(events, now) {
  /** @type {Map<string, EventCard[]>} */
  const groups = new Map();
  for (const event of events) {
    const title = groupOf(event, now);
    const group = groups.get(title);
    if (group) group.push(event);
    else groups.set(title, [event]);
  }
  return [...groups].map(([title, found]) => ({ title, events: found }));
}

/**
 * Loads the next page as its place comes near; the button is for those whose
 * browser does not scroll, and for trying again.
 * @param {{listing: ReturnType<typeof import("../lib/listing.js").useListing>}} props
 */
function More({ listing }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const { next, status, error } = listing;
  useEffect(() => {
    if (!place.current || !next || error || !("IntersectionObserver" in window)) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && listing.loadMore(),
      { rootMargin: "600px" },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [next, error]);
  if (!next) return null;
  return html`
    <div class="more" ref=${place}>
      ${error && html`<p role="alert">${error.title}</p>`}
      <button
        type="button"
        class="button"
        disabled=${status === "more"}
        onClick=${() => listing.loadMore()}
      >
        ${status === "more" ? t("Loading…") : t("Show more")}
      </button>
    </div>
  `;
}

const Skeletons = () => html`
  <p class="visually-hidden" role="status">${t("Loading events")}</p>
  <ul class="cards" aria-hidden="true">
    ${[1, 2, 3, 4, 5].map((n) => html`<${CardSkeleton} key=${n} />`)}
  </ul>
`;
