/**
 * Ticket codes, read and checked on the device: what the API says of `revoked-tickets`.
 */

/**
 * @typedef {object} TicketCode
 * @property {string} ticket  its id
 * @property {string} event  the first half of its event's id, as hex
 * @property {Uint8Array<ArrayBuffer>} body  what is signed, apart from the purpose
 * @property {Uint8Array<ArrayBuffer>} signature
 */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const VERSION = 1;
const BODY_BYTES = 25;
const SIGNATURE_BYTES = 64;
const PURPOSE = new TextEncoder().encode("ticketapp ticket code\0");

/**
 * What a code says; null for what is none. Whether it is true, `isSigned` knows.
 * @param {string} text
 * @returns {TicketCode | null}
 */
export function readCode(text) {
  const bytes = fromBase32(text.trim().toUpperCase());
  if (bytes?.length !== BODY_BYTES + SIGNATURE_BYTES || bytes[0] !== VERSION) return null;
  const body = bytes.slice(0, BODY_BYTES);
  const id = hex(body.slice(1, 17)).match(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/);
  return {
    ticket: (id ?? []).slice(1).join("-"),
    event: hex(body.slice(17)),
    body,
    signature: bytes.slice(BODY_BYTES),
  };
}

/**
 * Whether we signed it; null where this browser cannot tell.
 * @param {TicketCode} code
 * @param {string} key  the public one, as base64
 * @returns {Promise<boolean | null>}
 */
export async function isSigned({ body, signature }, key) {
  const known = await publicKey(key);
  if (!known) return null;
  const signed = new Uint8Array([...PURPOSE, ...body]);
  return crypto.subtle.verify("Ed25519", known, signature, signed);
}

/**
 * Null where this browser has no such keys, or the page is not served over HTTPS.
 * @param {string} key
 */
export async function publicKey(key) {
  const raw = Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
  try {
    return await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  } catch {
    return null;
  }
}

/** @param {string} text */
function fromBase32(text) {
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    const five = ALPHABET.indexOf(letter);
    if (five < 0) return null;
    value = ((value << 5) | five) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return new Uint8Array(bytes);
}

/** @param {Uint8Array} bytes */
const hex = (bytes) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
