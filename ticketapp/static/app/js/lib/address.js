/** A venue's place in words. */

/** @typedef {import("../../types").Venue} Venue */

/**
 * "94 Parkway, London NW1 7AN"; the city once, wherever the address has it.
 * @param {Venue} venue
 */
export const addressOf = (venue) =>
  [venue.address, venue.city && venue.address?.includes(venue.city) ? "" : venue.city]
    .filter(Boolean)
    .join(", ");

/** @param {Venue} venue */
export const venueInWords = (venue) =>
  [venue.name, addressOf(venue)].filter(Boolean).join(", ");
