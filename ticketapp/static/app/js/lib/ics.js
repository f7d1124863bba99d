/** A calendar entry, made on the phone. */
import { venueInWords } from "./address.js";
import { t } from "./i18n.js";

/** @typedef {import("../../types").EventBrief} EventBrief */

const THREE_HOURS = 3 * 3_600_000;

/**
 * @param {EventBrief} event
 * @param {string} uid
 * @param {string} address  where the ticket is
 */
export function calendarEntry(event, uid, address) {
  const start = Date.parse(event.starts_at ?? "");
  const end = event.ends_at ? Date.parse(event.ends_at) : start + THREE_HOURS;
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//ticketapp//web//EN",
    "BEGIN:VEVENT",
    `UID:${uid}`,
    `DTSTAMP:${stamp(Date.now())}`,
    `DTSTART:${stamp(start)}`,
    `DTEND:${stamp(end)}`,
    `SUMMARY:${escaped(event.name)}`,
    `LOCATION:${escaped(venueInWords(event.venue))}`,
    `DESCRIPTION:${escaped(t("Your ticket: {address}", { address }))}`,
    `URL:${address}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ];
  return lines.map(folded).join("\r\n") + "\r\n";
}

/** @param {number} at */
const stamp = (at) => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, "");

/** @param {string} text */
const escaped = (text) =>
  text.replace(/[\\;,]/g, (sign) => `\\${sign}`).replace(/\r?\n/g, "\\n");

/**
 * Lines of at most 75 bytes, never cutting a character in two.
 * @param {string} line
 */
function folded(line) {
  const encoder = new TextEncoder();
  let out = "";
  let bytes = 0;
  for (const sign of line) {
    const size = encoder.encode(sign).length;
    if (bytes + size > 74) {
      out += "\r\n ";
      bytes = 1;
    }
    out += sign;
    bytes += size;
  }
  return out;
}

/**
 * @param {string} text
 * @param {string} name
 */
export function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/calendar" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
