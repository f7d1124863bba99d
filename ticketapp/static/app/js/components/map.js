/**
 * A map of pins. Without a source of tiles the ground is plain and says where
 * things are by rings around the person: honest, and nothing looks broken.
 */
import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { config } from "../lib/config.js";
import { distanceUnit, formatRadius } from "../lib/format.js";
import { t } from "../lib/i18n.js";

/**
 * @typedef {object} Pin
 * @property {string} id
 * @property {number} latitude
 * @property {number} longitude
 * @property {string} words  shown on the pin; none makes it a quiet dot
 * @property {string} label  read aloud, and shown beside it
 * @property {() => void} [onTap]
 */

/** @typedef {{latitude: number, longitude: number}} Point */

const METRES = { mi: 1609.344, km: 1000 };
const RINGS = [0.5, 1, 2, 5, 10, 25, 50];

/**
 * @param {{
 *   pins: Pin[],
 *   here: Point | null,
 *   hereWords?: string,
 *   label: string,
 *   still?: boolean,
 * }} props
 */
export function PinMap({ pins, here, hereWords = "", label, still = false }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [failed, setFailed] = useState(false);
  const pinsKey = pins.map(({ id, words }) => id + words).join();
  const hereKey = here ? `${here.latitude},${here.longitude}` : "";
  useEffect(() => {
    if (!box.current) return;
    const element = box.current;
    /** @type {import("leaflet").Map | null} */
    let map = null;
    let isGone = false;
    leaflet()
      .then((L) => {
        if (!isGone) map = draw(L, element, { pins, here, hereWords, still });
      })
      .catch(() => setFailed(true));
    return () => {
      isGone = true;
      map?.remove();
    };
  }, [pinsKey, hereKey]);
  if (failed) return html`<p class="hint">${t("The map could not be loaded. The list has everything.")}</p>`;
  return html`<div class=${still ? "map map-still" : "map"} ref=${box} role="region" aria-label=${label}></div>`;
}

async function leaflet() {
  if (!window.L) await import("leaflet");
  if (!window.L) throw new Error("Leaflet did not load.");
  return window.L;
}

/**
 * @param {typeof import("leaflet")} L
 * @param {HTMLElement} element
 * @param {{pins: Pin[], here: Point | null, hereWords: string, still: boolean}} what
 */
function draw(L, element, { pins, here, hereWords, still }) {
  const map = L.map(element, {
    attributionControl: Boolean(config.tiles),
    zoomControl: !still,
    scrollWheelZoom: !still,
    dragging: !still || !matchMedia("(pointer: coarse)").matches,
    fadeAnimation: false,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    zoomSnap: 0.5,
    minZoom: 3,
    maxZoom: 18,
  });
  const bounds = boundsOf(L, pins, here);
  map.fitBounds(bounds, { padding: EDGES, maxZoom: CLOSEST });
  const centre = here ?? pins[0];
  if (config.tiles) {
    const inMiles = distanceUnit() === "mi";
    L.tileLayer(config.tiles.url, { attribution: config.tiles.attribution }).addTo(map);
    L.control.scale({ imperial: inMiles, metric: !inMiles }).addTo(map);
  } else if (centre) {
    drawRings(L, map, centre);
  }
  if (here) drawHere(L, map, here, hereWords);
  const markers = pins.map((pin) => drawPin(L, map, pin));
  const above = Math.max(EDGES[1], ...markers.map((marker) => labelOf(marker).offsetHeight + TAIL));
  map.fitBounds(bounds, { paddingTopLeft: [EDGES[0], above], paddingBottomRight: EDGES, maxZoom: CLOSEST });
  const tidy = () => {
    keepApart(map, markers);
    keepInside(map, markers);
  };
  map.on("moveend", tidy);
  tidy();
  return map;
}

/** Room around the pins, and the closest that one looks at first. */
const EDGES = /** @type {[number, number]} */ ([36, 44]);
const CLOSEST = 15;
/** From the end of a label to the point it is for, and a little more. */
const TAIL = 12;
const GAP = 4;

/** @param {import("leaflet").Marker} marker */
const labelOf = (marker) =>
  /** @type {HTMLElement} */ (marker.getElement()?.querySelector("span"));

/** @param {import("leaflet").Marker} marker */
const hasWords = (marker) => Boolean(marker.getElement()?.textContent);

/** Room that a label on a pin needs, in pixels. */
const LABEL = { x: 64, y: 30 };

/**
 * Labels that would cover each other become dots, until one zooms in.
 * @param {import("leaflet").Map} map
 * @param {import("leaflet").Marker[]} markers
 */
function keepApart(map, markers) {
  /** @type {import("leaflet").Point[]} */
  const shown = [];
  for (const marker of markers) {
    const point = map.latLngToLayerPoint(marker.getLatLng());
    const isFree = shown.every(
      ({ x, y }) => Math.abs(x - point.x) > LABEL.x || Math.abs(y - point.y) > LABEL.y,
    );
    marker.getElement()?.classList.toggle("map-pin-quiet", !isFree || !hasWords(marker));
    if (isFree && hasWords(marker)) shown.push(point);
  }
}

/**
 * A name at the side of the map is not cut there: it stands beside its pin.
 * @param {import("leaflet").Map} map
 * @param {import("leaflet").Marker[]} markers
 */
function keepInside(map, markers) {
  const { left, right } = map.getContainer().getBoundingClientRect();
  for (const marker of markers) {
    const label = labelOf(marker);
    label.style.setProperty("--aside", "0px");
    const box = label.getBoundingClientRect();
    // No further than its tail reaches: the pin may be out of sight.
    const most = Math.max(0, box.width / 2 - TAIL);
    const inwards =
      Math.max(0, left + GAP - box.left) - Math.max(0, box.right - right + GAP);
    label.style.setProperty("--aside", `${Math.max(-most, Math.min(most, inwards))}px`);
  }
}

/**
 * @param {typeof import("leaflet")} L
 * @param {Pin[]} pins
 * @param {Point | null} here
 */
function boundsOf(L, pins, here) {
  const points = [...pins, ...(here ? [here] : [])];
  const bounds = L.latLngBounds(points.map((p) => [p.latitude, p.longitude]));
  // A single point has no extent: show about half a mile around it.
  return points.length > 1 ? bounds.pad(0.1) : bounds.getCenter().toBounds(1600);
}

/**
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} map
 * @param {Point} centre
 */
function drawRings(L, map, centre) {
  const metres = METRES[distanceUnit()];
  for (const ring of RINGS) {
    const circle = L.circle([centre.latitude, centre.longitude], {
      radius: ring * metres,
      className: "map-ring",
      interactive: false,
      fill: false,
    }).addTo(map);
    const label = L.marker([circle.getBounds().getSouth(), centre.longitude], {
      icon: L.divIcon({ className: "map-ring-words", html: spanOf(formatRadius(ring)), iconSize: [64, 16] }),
      interactive: false,
      keyboard: false,
    }).addTo(map);
    label.getElement()?.setAttribute("aria-hidden", "true");
    // The words of a small ring would stand on those of its centre.
    const fits = () => label.setOpacity(pixelsSouth(map, centre, label) > SMALLEST_RING ? 1 : 0);
    map.on("zoomend", fits);
    fits();
  }
}

const SMALLEST_RING = 44;

/**
 * @param {import("leaflet").Map} map
 * @param {Point} centre
 * @param {import("leaflet").Marker} label
 */
const pixelsSouth = (map, centre, label) =>
  map.latLngToLayerPoint(label.getLatLng()).y -
  map.latLngToLayerPoint([centre.latitude, centre.longitude]).y;

/**
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} map
 * @param {Point} here
 * @param {string} words
 */
function drawHere(L, map, here, words) {
  L.marker([here.latitude, here.longitude], {
    icon: L.divIcon({ className: "map-here", html: spanOf(words), iconSize: [18, 18] }),
    keyboard: false,
    interactive: false,
    zIndexOffset: -100,
  }).addTo(map);
}

/**
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} map
 * @param {Pin} pin
 */
function drawPin(L, map, pin) {
  const marker = L.marker([pin.latitude, pin.longitude], {
    icon: L.divIcon({ className: "map-pin", html: spanOf(pin.words), iconSize: [0, 0] }),
    alt: pin.label,
    title: pin.label,
    keyboard: Boolean(pin.onTap),
    interactive: Boolean(pin.onTap),
    riseOnHover: true,
  }).addTo(map);
  marker.getElement()?.setAttribute("aria-label", pin.label);
  if (pin.onTap) marker.on("click", pin.onTap);
  if (pin.onTap) marker.on("keypress", (press) => press.originalEvent.key === "Enter" && pin.onTap?.());
  return marker;
}

/**
 * Text only: an element, so that no name is ever read as markup.
 * @param {string} words
 */
function spanOf(words) {
  const span = document.createElement("span");
  span.textContent = words;
  return span;
}
