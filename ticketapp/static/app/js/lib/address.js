/** A venue's place in words. */
import { joined } from "./i18n.js";

/** @typedef {import("../../types").Venue} Venue */

/**
 * "94 Parkway, London NW1 7AN"; the city once, wherever the address has it.
 * @param {Venue} venue
 */
export const addressOf = (venue) =>
  joined([venue.address, venue.address?.includes(venue.city) ? "" : venue.city], ", ");

/** @param {Venue} venue */
export const venueInWords = (venue) =>
  joined([venue.name, addressOf(venue)], ", ");
