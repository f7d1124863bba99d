/** What the server says about this installation, read from the shell once. */

/**
 * @typedef {object} AppConfig
 * @property {boolean} debug  the demo mode
 * @property {Record<string, string>} locales  catalogues: language -> address
 * @property {{url: string, attribution: string} | null} tiles
 */

const element = document.getElementById("app-config");

/** @type {AppConfig} */
export const config = JSON.parse(element?.textContent ?? "{}");
