/** What a list is narrowed by. Filters live in the address, so they can be shared. */
import { serverNow } from "./clock.js";
import { distanceUnit } from "./format.js";
import { t } from "./i18n.js";
import { hoursLeft } from "./when.js";

/** @typedef {import("./place.js").Place} Place */

/**
 * @typedef {object} Filters
 * @property {"soon" | "tonight" | "tomorrow" | "week"} within
 * @property {string | null} category
 * @property {number} radius
 * @property {"start" | "distance" | "price"} sort
 * @property {"list" | "map"} view
 */

const HOURS_SOON = 3;
const RADII = { mi: [1, 3, 5, 10, 25, 50], km: [2, 5, 10, 20, 40, 80] };
const USUAL_RADIUS = { mi: 10, km: 20 };

export const radii = () => RADII[distanceUnit()];
export const usualRadius = () => USUAL_RADIUS[distanceUnit()];

export const windows = () =>
  /** @type {{value: Filters["within"], words: string}[]} */ ([
    { value: "soon", words: t("Next 3 hours") },
    { value: "tonight", words: t("Tonight") },
    { value: "tomorrow", words: t("Tonight and tomorrow") },
    { value: "week", words: t("Next 7 days") },
  ]);

export const sorts = () =>
  /** @type {{value: Filters["sort"], words: string}[]} */ ([
    { value: "start", words: t("Starting first") },
    { value: "distance", words: t("Nearest first") },
    { value: "price", words: t("Cheapest first") },
  ]);

/**
 * @param {URLSearchParams} query
 * @returns {Filters}
 */
export function filtersFrom(query) {
  const radius = Number(query.get("radius"));
  return {
    within: oneOf(windows(), query.get("within"), "tonight"),
    category: query.get("category"),
    radius: radii().includes(radius) ? radius : usualRadius(),
    sort: oneOf(sorts(), query.get("sort"), "start"),
    view: query.get("view") === "map" ? "map" : "list",
  };
}

/**
 * @template {string} T
 * @param {{value: T}[]} choices
 * @param {string | null} wanted
 * @param {T} fallback
 * @returns {T}
 */
const oneOf = (choices, wanted, fallback) =>
  choices.find(({ value }) => value === wanted)?.value ?? fallback;

/**
 * The query of GET /events for these filters.
 * @param {Filters} filters
 * @param {Place | null} place
 * @returns {Record<string, string | number | null>}
 */
export function eventQuery(filters, place) {
  const now = serverNow();
  const hours = {
    soon: HOURS_SOON,
    tonight: hoursLeft(now, 0),
    tomorrow: hoursLeft(now, 1),
    week: 7 * 24,
  };
  return {
    ...nearQuery(place, filters),
    starts_within: hours[filters.within],
    category: filters.category,
  };
}

/**
 * @param {Place | null} place
 * @param {Pick<Filters, "radius" | "sort">} filters
 * @returns {Record<string, string | number>}
 */
export function nearQuery(place, { radius, sort }) {
  if (!place) return { sort: sort === "distance" ? "start" : sort };
  return {
    lat: place.latitude,
    lon: place.longitude,
    radius,
    unit: distanceUnit(),
    sort,
  };
}

/**
 * The next wider radius, or null at the widest.
 * @param {number} radius
 */
export const wider = (radius) => radii().find((choice) => choice > radius) ?? null;
