/**
 * Where the person looks for events. The position is asked for on a tap only,
 * rounded to 3 decimals (about 100 m) before it is used or kept, and kept on
 * this device alone.
 */
import { api } from "./api.js";
import { joined, locale, t } from "./i18n.js";
import { createKeptStore } from "./store.js";

/** @typedef {import("../../types").FoundPlace} FoundPlace */

/**
 * @typedef {object} Place
 * @property {"device" | "city"} kind
 * @property {string} name
 * @property {number} latitude
 * @property {number} longitude
 * @property {number} at  when it was found, Date.now()
 */

const OLD = 10 * 60_000;

export const place = createKeptStore(
  "localStorage",
  "place",
  /** @type {Place | null} */ (null),
);

/** @param {number} degrees */
const rounded = (degrees) => Math.round(degrees * 1000) / 1000;

/** @param {Place} chosen */
export const placeName = (chosen) =>
  chosen.kind === "device" ? t("Near you") : t("Near {place}", { place: chosen.name });

/**
 * Ask the phone where it is. Rejects with a sentence that says what to do.
 * @returns {Promise<Place>}
 */
export async function usePosition() {
  const found = await position();
  /** @type {Place} */
  const here = {
    kind: "device",
    name: "",
    latitude: rounded(found.coords.latitude),
    longitude: rounded(found.coords.longitude),
    at: Date.now(),
  };
  place.set(here);
  return here;
}

/** @returns {Promise<GeolocationPosition>} */
function position() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) {
      reject(new Error(t("This browser cannot tell where you are. Choose a place instead.")));
      return;
    }
    navigator.geolocation.getCurrentPosition(
      resolve,
      (refused) => reject(new Error(reasonFor(refused))),
      { enableHighAccuracy: false, maximumAge: OLD, timeout: 15_000 },
    );
  });
}

/** @param {GeolocationPositionError} refused */
const reasonFor = (refused) =>
  refused.code === refused.PERMISSION_DENIED
    ? t("Your phone did not share its position. Choose a place instead.")
    : t("Your phone could not find its position. Choose a place instead.");

/**
 * Look again where the phone is, if it was asked before and still allows it.
 */
export async function refreshPosition() {
  const known = place.get();
  if (known?.kind !== "device" || Date.now() - known.at < OLD) return;
  const permission = await navigator.permissions?.query({ name: "geolocation" });
  if (permission?.state === "granted") await usePosition().catch(() => null);
}

/** @param {Pick<FoundPlace, "name" | "latitude" | "longitude">} found */
export function useCity(found) {
  place.set({
    kind: "city",
    name: found.name,
    latitude: rounded(found.latitude),
    longitude: rounded(found.longitude),
    at: Date.now(),
  });
}

/**
 * @param {string} text
 * @param {AbortSignal} signal
 * @returns {Promise<FoundPlace[]>}
 */
export async function findPlaces(text, signal) {
  const answer = await api("/places", { query: { q: text }, signal });
  return answer.results;
}

/**
 * What tells two places of one name apart: "Ontario, Canada".
 * @param {FoundPlace} found
 */
export function regionOf({ region, country }) {
  const names = new Intl.DisplayNames(locale(), { type: "region", fallback: "code" });
  const isCode = /^[A-Z]{2}$/.test(country);
  return joined([region, isCode ? names.of(country) : country], ", ");
}

const EARTH_RADIUS = 6_371_000;

/**
 * Metres as the crow flies, or null when the position is not known, or the
 * venue only by its city.
 * @param {Place | null} from
 * @param {import("../../types").Venue} venue
 */
export function metresTo(from, venue) {
  const { latitude, longitude } = venue;
  if (!from || venue.location_precision !== "exact") return null;
  if (latitude === null || longitude === null) return null;
  const radians = (/** @type {number} */ degrees) => (degrees * Math.PI) / 180;
  const north = radians(latitude - from.latitude) / 2;
  const east = radians(longitude - from.longitude) / 2;
  const across = Math.cos(radians(latitude)) * Math.cos(radians(from.latitude));
  const chord = Math.sin(north) ** 2 + across * Math.sin(east) ** 2;
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(chord));
}

/** A city in an address, as "Leeds@53.801,-1.549": a link that can be shared. */
export function placeInAddress() {
  const chosen = place.get();
  if (chosen?.kind !== "city") return null;
  return `${chosen.name}@${chosen.latitude},${chosen.longitude}`;
}

/**
 * Take over the city that a shared link names.
 * @param {string | null} text
 */
export function adoptPlace(text) {
  const [, name, latitude, longitude] =
    /^(.{1,80})@(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)$/.exec(text ?? "") ?? [];
  if (!name || text === placeInAddress()) return;
  const found = { name, latitude: Number(latitude), longitude: Number(longitude) };
  if (Math.abs(found.latitude) <= 90 && Math.abs(found.longitude) <= 180) useCity(found);
}
