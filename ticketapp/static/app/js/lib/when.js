/**
 * Time in words. Always in the venue's zone, named when the phone's differs.
 * A night ends at 06:00, so 01:30 on Saturday still belongs to Friday night.
 */
import { joined, locale, t } from "./i18n.js";

/** @typedef {import("../../types").EventTimes} EventTimes */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NIGHT_ENDS = 6;
const SOON = 1.5 * HOUR;

/**
 * @param {number | string} at
 * @param {string} zone
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string} [language]
 */
const format = (at, zone, options, language = locale()) =>
  new Intl.DateTimeFormat(language, { timeZone: known(zone), ...options }).format(
    new Date(at),
  );

/** @type {Map<string, string>} */
const zones = new Map([["", phoneZone()]]);

/**
 * A zone that this browser can tell the time in. That of a venue without a place
 * is empty, and an old phone may not know a new zone: then its own has to do.
 * @param {string} zone
 */
function known(zone) {
  const found = zones.get(zone);
  if (found) return found;
  let usable = zone;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: zone });
  } catch {
    usable = phoneZone();
  }
  zones.set(zone, usable);
  return usable;
}

/**
 * Days since the epoch of the calendar day in the zone.
 * @param {number} at
 * @param {string} zone
 */
function dayNumber(at, zone) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: known(zone),
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).format(at);
  return Date.parse(`${parts}T00:00:00Z`) / DAY;
}

/**
 * @param {number} at
 * @param {string} zone
 */
const hourOf = (at, zone) =>
  Number(format(at, zone, { hour: "2-digit", hourCycle: "h23" }, "en-GB"));

/**
 * The day whose night this instant belongs to.
 * @param {number} at
 * @param {string} zone
 */
const nightOf = (at, zone) => dayNumber(at, zone) - (hourOf(at, zone) < NIGHT_ENDS ? 1 : 0);

/** @param {EventTimes} event */
export const startOf = (event) => (event.starts_at ? Date.parse(event.starts_at) : null);

/**
 * How many nights ahead the event is: 0 is tonight, 1 tomorrow.
 * @param {EventTimes} event
 * @param {number} now
 */
export function nightsAhead(event, now) {
  const tonight = nightOf(now, event.time_zone);
  const start = startOf(event);
  if (start !== null) return nightOf(start, event.time_zone) - tonight;
  if (!event.local_date) return null;
  return Date.parse(`${event.local_date}T00:00:00Z`) / DAY - tonight;
}

/**
 * "20:00", or "20:00 CET" for a zone that is not the phone's.
 * @param {string | number} at
 * @param {string} zone
 */
export function clockTime(at, zone) {
  const time = format(at, zone, { timeStyle: "short" });
  return isLocal(at, zone) ? time : `${time} ${zoneName(at, zone)}`;
}

/**
 * @param {string | number} at
 * @param {string} zone
 */
function isLocal(at, zone) {
  const wall = /** @type {const} */ ({ dateStyle: "short", timeStyle: "short" });
  const here = new Intl.DateTimeFormat("en-GB", wall).format(new Date(at));
  return here === format(at, zone, wall, "en-GB");
}

/**
 * @param {string | number} at
 * @param {string} zone
 */
function zoneName(at, zone) {
  const parts = new Intl.DateTimeFormat(locale(), {
    timeZone: known(zone),
    timeZoneName: "short",
  }).formatToParts(new Date(at));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** The phone's own zone. */
export function phoneZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * "Tonight", "Today", "Tomorrow" or "Sat 12 Dec".
 * @param {EventTimes} event
 * @param {number} now
 */
export function dayWords(event, now) {
  const ahead = nightsAhead(event, now);
  if (ahead === null) return t("Date to be announced");
  const start = startOf(event);
  if (ahead === 0) return start && isDaytime(start, event) ? t("Today") : t("Tonight");
  if (ahead !== 1) return dateWords(event);
  // 01:30 belongs to the night, but "tomorrow" alone could mean either date.
  const isLate = start !== null && hourOf(start, event.time_zone) < NIGHT_ENDS;
  return isLate ? t("Tomorrow night") : t("Tomorrow");
}

/** @param {EventTimes} event */
export function dateWords(event) {
  const start = startOf(event);
  const at = start ?? Date.parse(`${event.local_date}T12:00:00Z`);
  const zone = start === null ? "UTC" : event.time_zone;
  return format(at, zone, { weekday: "short", day: "numeric", month: "short" });
}

/**
 * @param {number} start
 * @param {EventTimes} event
 */
const isDaytime = (start, event) => {
  const hour = hourOf(start, event.time_zone);
  return hour >= NIGHT_ENDS && hour < 17;
};

/**
 * "20:00", "Tonight, time to be announced", and for another day its name.
 * @param {EventTimes} event
 * @param {number} now
 */
export function whenBrief(event, now) {
  const start = startOf(event);
  const ahead = nightsAhead(event, now);
  if (start === null) return joined([dayWords(event, now), t("time to be announced")], ", ");
  const time = clockTime(start, event.time_zone);
  return ahead === 0 ? time : `${dayWords(event, now)} ${time}`;
}

/**
 * A moment of a sale: "18:30" tonight, "Tomorrow 10:00" after it.
 * @param {string} at
 * @param {string} zone
 * @param {number} now
 */
export const timeOnDay = (at, zone, now) => whenBrief(moment(at, zone), now);

/**
 * @param {string} at
 * @param {string} zone
 * @param {number} now
 */
export const isTonight = (at, zone, now) => nightsAhead(moment(at, zone), now) === 0;

/**
 * @param {string} at
 * @param {string} zone
 * @returns {EventTimes}
 */
const moment = (at, zone) => ({
  starts_at: at,
  doors_at: null,
  ends_at: null,
  local_date: "",
  time_zone: zone,
});

/**
 * "Tonight 20:00, doors 19:15, in 1 h 40".
 * @param {EventTimes} event
 * @param {number} now
 */
export function whenInWords(event, now) {
  const start = startOf(event);
  if (start === null) return joined([dayWords(event, now), t("time to be announced")], ", ");
  const day = dayWords(event, now);
  const time = clockTime(start, event.time_zone);
  const words = [t("{day} {time}", { day, time })];
  if (event.doors_at && event.doors_at !== event.starts_at) {
    words.push(t("doors {time}", { time: clockTime(event.doors_at, event.time_zone) }));
  }
  const until = untilWords(event, now);
  if (until) words.push(until);
  return joined(words, ", ");
}

/**
 * "in 1 h 40", "started 20 min ago", or nothing when it is not today.
 * @param {EventTimes} event
 * @param {number} now
 */
export function untilWords(event, now) {
  const start = startOf(event);
  if (start === null || Math.abs(start - now) > 12 * HOUR) return "";
  const ended = event.ends_at && Date.parse(event.ends_at) <= now;
  if (ended) return t("over");
  if (start <= now) return t("started {time} ago", { time: duration(now - start) });
  return t("in {time}", { time: duration(start - now) });
}

/**
 * "1 h 40", "25 min". Elapsed time, whatever the clocks do meanwhile.
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  if (minutes < 60) return t("{minutes}\u00a0min", { minutes });
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  // With spaces that do not break: "2 h" and "04" belong on one line.
  if (rest === 0) return t("{hours}\u00a0h", { hours });
  return t("{hours}\u00a0h\u00a0{minutes}", { hours, minutes: String(rest).padStart(2, "0") });
}

/**
 * The heading an event stands under in a list ordered by start.
 * @param {EventTimes} event
 * @param {number} now
 */
export function groupOf(event, now) {
  const start = startOf(event);
  const ahead = nightsAhead(event, now);
  if (start !== null && start <= now) return t("On now");
  if (start !== null && start - now <= SOON) return t("Starting soon");
  if (ahead === null) return t("Date to be announced");
  if (ahead <= 0) {
    return start && isDaytime(start, event) ? t("Later today") : t("Later tonight");
  }
  if (ahead === 1) return t("Tomorrow");
  // All of one night under one heading, also what starts after midnight.
  const noon = (nightOf(start ?? now, event.time_zone) + 0.5) * DAY;
  return start === null
    ? dateWords(event)
    : format(noon, "UTC", { weekday: "long", day: "numeric", month: "long" });
}

/**
 * Hours until this night ends, for `starts_within`.
 * @param {number} now
 * @param {number} nights  further nights to include
 */
export function hoursLeft(now, nights) {
  const end = new Date(now);
  if (end.getHours() >= NIGHT_ENDS) end.setDate(end.getDate() + 1);
  end.setDate(end.getDate() + nights);
  end.setHours(NIGHT_ENDS, 0, 0, 0);
  return Math.max(1, Math.ceil((end.getTime() - now) / HOUR));
}

/**
 * A moment that is not tied to a venue: "18:42" today, else with its date.
 * @param {string | number} at
 * @param {number} now
 */
export function momentWords(at, now) {
  const zone = phoneZone();
  const time = format(at, zone, { timeStyle: "short" });
  if (dayNumber(Number(new Date(at)), zone) === dayNumber(now, zone)) return time;
  return joined([format(at, zone, { day: "numeric", month: "short" }), time], " ");
}
