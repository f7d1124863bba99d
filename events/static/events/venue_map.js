/* The map on a venue's admin page: a pin that writes two number fields.
 *
 * The numbers are what is saved; the map only reads and writes them, so the
 * page works without a mouse, without tiles and without this file. */
(() => {
  "use strict";

  const WORLD = { centre: [30, 0], zoom: 2 };
  const STREET = 15;
  const TOWN = 11;
  const PIN = 26;
  const NAMED = 6;

  const start = () => {
    const ground = document.getElementById("venue-map");
    if (!ground || typeof L === "undefined") return;
    const latitude = document.getElementById("id_latitude");
    const longitude = document.getElementById("id_longitude");
    if (!latitude || !longitude) return drawReadOnly(ground);
    drawEditable(ground, latitude, longitude);
  };

  const factsOf = (ground) =>
    JSON.parse(document.getElementById(ground.dataset.facts).textContent);

  const baseMap = (ground, facts) => {
    const map = L.map(ground, { scrollWheelZoom: false, attributionControl: Boolean(facts.tiles) });
    if (facts.tiles) L.tileLayer(facts.tiles, { maxZoom: 19 }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    facts.neighbours.forEach((other, place) => {
      L.circleMarker([other.latitude, other.longitude], {
        radius: 4, weight: 1, color: "#6b7280", fillOpacity: 0.6,
      }).bindTooltip(other.name, {
        permanent: !facts.tiles && place < NAMED, direction: "right", className: "venue-name",
      }).addTo(map);
    });
    return map;
  };

  /* Streets tell where one is; without them the nearest venues must be in view. */
  const look = (map, facts, here, zoom) => {
    const around = facts.tiles ? [] : facts.neighbours.slice(0, NAMED);
    if (!around.length) return map.setView(here, zoom);
    const points = around.map((other) => [other.latitude, other.longitude]);
    return map.fitBounds(L.latLngBounds([here, ...points]), { maxZoom: zoom, padding: [48, 48] });
  };

  const icon = (isCity) =>
    L.divIcon({
      className: "",
      html: `<div class="venue-pin${isCity ? " is-city" : ""}" style="width:${PIN}px;height:${PIN}px"></div>`,
      iconSize: [PIN, PIN],
      iconAnchor: isCity ? [PIN / 2, PIN / 2] : [PIN / 2, PIN * 1.2],
    });

  const drawReadOnly = (ground) => {
    const facts = factsOf(ground);
    const map = baseMap(ground, facts);
    if (!facts.here) return map.setView(WORLD.centre, WORLD.zoom);
    const here = [facts.here.latitude, facts.here.longitude];
    L.marker(here, { icon: icon(facts.here.precision !== "exact"), keyboard: false }).addTo(map);
    return look(map, facts, here, facts.here.precision === "exact" ? STREET : TOWN);
  };

  const drawEditable = (ground, latitude, longitude) => {
    const facts = factsOf(ground);
    const note = document.getElementById("venue-map-note");
    const precision = document.getElementById("id_location_precision");
    const map = baseMap(ground, facts);
    const isCity = () => Boolean(precision) && precision.value !== "exact";
    let pin = null;

    const typed = () => {
      const point = [latitude, longitude].map((field) =>
        field.value.trim() === "" ? NaN : Number(field.value.replace(",", ".")));
      const [north, east] = point;
      const isOnEarth = Math.abs(north) <= 90 && Math.abs(east) <= 180;
      return isOnEarth ? L.latLng(north, east) : null;
    };

    const write = (point, message) => {
      latitude.value = point.lat.toFixed(6);
      longitude.value = point.wrap().lng.toFixed(6);
      if (precision) precision.value = "exact";
      if (precision) precision.dispatchEvent(new Event("change"));
      show(point);
      note.textContent = message;
    };

    const show = (point) => {
      if (!pin) {
        pin = L.marker(point, { draggable: true, autoPan: true, icon: icon(isCity()), alt: "The venue" });
        pin.on("dragend", () => write(pin.getLatLng(), "Pin moved. Save to keep it."));
        pin.addTo(map);
      }
      pin.setLatLng(point).setIcon(icon(isCity()));
    };

    const follow = () => {
      const point = typed();
      if (!point) return;
      show(point);
      map.setView(point, Math.max(map.getZoom(), TOWN));
      note.textContent = "";
    };

    map.on("click", (event) => write(event.latlng, "Pin placed. Save to keep it."));
    for (const field of [latitude, longitude]) field.addEventListener("change", follow);
    if (precision) precision.addEventListener("change", () => pin && pin.setIcon(icon(isCity())));

    const known = typed();
    if (known) {
      look(map, facts, known, isCity() ? TOWN : STREET);
      show(known);
    } else {
      map.setView(WORLD.centre, WORLD.zoom);
      note.textContent = "No place yet: click the map, or type latitude and longitude.";
    }
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
