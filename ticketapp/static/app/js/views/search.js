/** Search by name, kind or venue; near the chosen place, at any time. */
import { useEffect, useId, useState } from "preact/hooks";

import { EventList } from "../components/event-list.js";
import { Icon } from "../components/icon.js";
import { Notice } from "../components/notice.js";
import { PlaceSheet } from "../components/place-sheet.js";
import { html } from "../html.js";
import { nearQuery, radii } from "../lib/filters.js";
import { t, tn } from "../lib/i18n.js";
import { useListing } from "../lib/listing.js";
import { place, placeName } from "../lib/place.js";
import { useResource } from "../lib/resource.js";
import { setQuery } from "../lib/router.js";
import { useStore } from "../lib/store.js";

const PAUSE = 300;

/** @param {{route: import("../lib/router.js").Route}} props */
export function Search({ route }) {
  const q = route.query.get("q") ?? "";
  const category = route.query.get("category");
  const everywhere = route.query.get("everywhere") === "1";
  const chosen = useStore(place);
  return html`
    <h1 class="screen-title" tabindex="-1">${t("Search")}</h1>
    <${SearchField} q=${q} />
    <${Kinds} category=${category} />
    <${Where} everywhere=${everywhere} />
    ${q.length > 1 || category
      ? html`<${Results}
          key=${`${q}|${category}|${everywhere}`}
          q=${q}
          category=${category}
          near=${everywhere ? null : chosen}
          returning=${route.how === "back"}
        />`
      : html`<p class="quiet">${t("An artist, a venue, or a kind of night.")}</p>`}
  `;
}

/** @param {{q: string}} props */
function SearchField({ q }) {
  const [text, setText] = useState(q);
  const id = useId();
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    const timer = setTimeout(() => text.trim() !== q && setQuery({ q: text.trim() }), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return html`
    <form
      role="search"
      class="search-field"
      onSubmit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        setQuery({ q: text.trim() });
      }}
    >
      <label class="visually-hidden" for=${id}>${t("Artist, venue or event")}</label>
      <${Icon} name="search" />
      <input
        id=${id}
        type="search"
        enterkeyhint="search"
        placeholder=${t("Artist, venue or event")}
        value=${text}
        onInput=${(/** @type {any} */ event) => setText(event.target.value)}
      />
    </form>
  `;
}

/** @param {{category: string | null}} props */
function Kinds({ category }) {
  const { data } = useResource("/categories");
  /** @type {import("../../types").Category[]} */
  const categories = data?.results ?? data ?? [];
  return html`
    <div class="chips" role="group" aria-label=${t("Category")}>
      ${categories.map(
        ({ slug, name }) => html`
          <button
            type="button"
            key=${slug}
            class="chip"
            aria-pressed=${category === slug}
            onClick=${() => setQuery({ category: category === slug ? null : slug })}
          >
            ${name}
          </button>
        `,
      )}
    </div>
  `;
}

/** @param {{everywhere: boolean}} props */
function Where({ everywhere }) {
  const chosen = useStore(place);
  const [isChoosing, setChoosing] = useState(false);
  const close = () => setChoosing(false);
  return html`
    <p class="search-where">
      <button type="button" class="link" aria-haspopup="dialog" onClick=${() => setChoosing(true)}>
        ${chosen && !everywhere ? placeName(chosen) : t("Everywhere")}
      </button>
      ${chosen &&
      html`<button
        type="button"
        class="link"
        onClick=${() => setQuery({ everywhere: everywhere ? null : "1" })}
      >
        ${everywhere ? placeName(chosen) : t("Search everywhere")}
      </button>`}
    </p>
    ${isChoosing &&
    html`<${PlaceSheet}
      onClose=${close}
      onChosen=${() => {
        close();
        setQuery({ everywhere: null });
      }}
    />`}
  `;
}

/**
 * @param {{
 *   q: string,
 *   category: string | null,
 *   near: import("../lib/place.js").Place | null,
 *   returning: boolean,
 * }} props
 */
function Results({ q, category, near, returning }) {
  const radius = radii().at(-1) ?? 50;
  const query = { ...nearQuery(near, { radius, sort: "start" }), q: q || null, category };
  const listing = useListing(query, returning);
  const count = listing.items.length;
  return html`
    <p class="visually-hidden" role="status">
      ${listing.status === "ready" && tn(count, "{n} event found", "{n} events found")}
    </p>
    <${EventList} listing=${listing} grouped=${true} empty=${html`<${Nothing} near=${near} />`} />
  `;
}

/** @param {{near: import("../lib/place.js").Place | null}} props */
const Nothing = ({ near }) => html`
  <${Notice}
    title=${t("Nothing found")}
    text=${near
      ? t("Nothing by that name near here. It may be on somewhere else.")
      : t("Nothing by that name. Try fewer letters, or see what is on tonight.")}
  >
    ${near &&
    html`<button type="button" class="button" onClick=${() => setQuery({ everywhere: "1" })}>
      ${t("Search everywhere")}
    </button>`}
    <a class="button" href="/">${t("See tonight")}</a>
  <//>
`;
