/** The first screen: what is on near here, tonight. */
import { useEffect, useRef, useState } from "preact/hooks";

import { EventList } from "../components/event-list.js";
import { EventMap } from "../components/event-map.js";
import { FilterBar, WhenSheet } from "../components/filter-bar.js";
import { Icon } from "../components/icon.js";
import { Notice } from "../components/notice.js";
import { PlaceSheet } from "../components/place-sheet.js";
import { PositionButton } from "../components/position-button.js";
import { html } from "../html.js";
import { eventQuery, filtersFrom, wider, windows } from "../lib/filters.js";
import { formatRadius } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { useListing } from "../lib/listing.js";
import { adoptPlace, place, placeInAddress, placeName, refreshPosition } from "../lib/place.js";
import { setQuery } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { useWide } from "../lib/wide.js";

/** @typedef {import("../lib/router.js").Route} Route */

/** @param {{route: Route}} props */
export function Tonight({ route }) {
  const near = route.query.get("near");
  useEffect(() => adoptPlace(near), [near]);
  useEffect(() => void refreshPosition(), []);
  const chosen = useStore(place);
  useEffect(() => {
    if (chosen) setQuery({ near: placeInAddress() });
  }, [chosen]);
  return chosen ? html`<${Listed} route=${route} />` : html`<${Welcome} />`;
}

function Welcome() {
  const [isChoosing, setChoosing] = useState(false);
  const [why, setWhy] = useState("");
  /** @param {string} reason */
  const refused = (reason) => {
    setWhy(reason);
    setChoosing(true);
  };
  return html`
    <div class="welcome">
      <h1 tabindex="-1">${t("Tonight, near you")}</h1>
      <p>
        ${t("We use where you are, rounded to about 100 metres, to show what starts near you. It is not kept with your account.")}
      </p>
      <div class="welcome-ways">
        <${PositionButton} className="button" onRefused=${refused} />
        <button type="button" class="button" onClick=${() => setChoosing(true)}>
          <${Icon} name="pin" /> ${t("Choose a place")}
        </button>
      </div>
      ${isChoosing &&
      html`<${PlaceSheet}
        hint=${why}
        onClose=${() => setChoosing(false)}
        onChosen=${() => setChoosing(false)}
      />`}
    </div>
  `;
}

/** @param {{route: Route}} props */
function Listed({ route }) {
  const chosen = useStore(place);
  const isWide = useWide();
  const filters = filtersFrom(route.query);
  const query = eventQuery(filters, chosen);
  const listing = useListing(query, route.how === "back");
  const asked = JSON.stringify(query);
  const before = useRef(asked);
  useEffect(() => {
    // Another list begins at its top, however far one had scrolled in this one.
    if (before.current !== asked) scrollTo(0, 0);
    before.current = asked;
  }, [asked]);
  const showsMap = isWide || filters.view === "map";
  const showsList = isWide || filters.view === "list";
  return html`
    <${Header} filters=${filters} />
    <${FilterBar} filters=${filters} />
    <div class=${showsMap && showsList ? "columns" : ""}>
      ${showsList &&
      html`<div class="column">
        <${EventList}
          listing=${listing}
          grouped=${filters.sort === "start"}
          empty=${html`<${Nothing} filters=${filters} />`}
        />
      </div>`}
      ${showsMap &&
      html`<div class=${isWide ? "column column-map" : "map-screen"}>
        <${EventMap} events=${listing.items} />
      </div>`}
    </div>
  `;
}

/** @param {{filters: import("../lib/filters.js").Filters}} props */
function Header({ filters }) {
  const chosen = useStore(place);
  const [sheet, setSheet] = useState(/** @type {"where" | "when" | null} */ (null));
  const when = windows().find(({ value }) => value === filters.within)?.words ?? "";
  const close = () => setSheet(null);
  return html`
    <header class="where-when">
      <h1 class="visually-hidden" tabindex="-1">${when}, ${chosen && placeName(chosen)}</h1>
      <button type="button" class="plain" aria-haspopup="dialog" onClick=${() => setSheet("where")}>
        <span class="visually-hidden">${t("Where:")}</span>
        ${chosen && placeName(chosen)} <${Icon} name="down" />
      </button>
      <button type="button" class="plain" aria-haspopup="dialog" onClick=${() => setSheet("when")}>
        <span class="visually-hidden">${t("When:")}</span>
        ${when} <${Icon} name="down" />
      </button>
    </header>
    ${sheet === "where" && html`<${PlaceSheet} onClose=${close} onChosen=${close} />`}
    ${sheet === "when" && html`<${WhenSheet} filters=${filters} onClose=${close} />`}
  `;
}

/**
 * Never a dead end.
 * @param {{filters: import("../lib/filters.js").Filters}} props
 */
function Nothing({ filters }) {
  const [isChoosing, setChoosing] = useState(false);
  const next = wider(filters.radius);
  const isShort = filters.within === "soon" || filters.within === "tonight";
  const close = () => setChoosing(false);
  return html`
    <${Notice}
      title=${filters.category ? t("Nothing of this kind near here") : t("Nothing near here in this time")}
      text=${t("We looked within {radius}. You can look further or later.", {
        radius: formatRadius(filters.radius),
      })}
    >
      ${next &&
      html`<button type="button" class="button" onClick=${() => setQuery({ radius: String(next) })}>
        ${t("Look within {radius}", { radius: formatRadius(next) })}
      </button>`}
      ${isShort &&
      html`<button type="button" class="button" onClick=${() => setQuery({ within: "tomorrow" })}>
        ${t("Include tomorrow")}
      </button>`}
      ${filters.within === "tomorrow" &&
      html`<button type="button" class="button" onClick=${() => setQuery({ within: "week" })}>
        ${t("Look at the next 7 days")}
      </button>`}
      ${filters.category &&
      html`<button type="button" class="button" onClick=${() => setQuery({ category: null })}>
        ${t("Show all kinds")}
      </button>`}
      <button type="button" class="button" onClick=${() => setChoosing(true)}>
        ${t("Choose another place")}
      </button>
    <//>
    ${isChoosing && html`<${PlaceSheet} onClose=${close} onChosen=${close} />`}
  `;
}
