/** What the door does now: in words, by a sign, and only then by colour. */
import { html } from "../html.js";
import { serverNow } from "../lib/clock.js";
import { t } from "../lib/i18n.js";
import { duration, momentWords } from "../lib/when.js";
import { Icon } from "./icon.js";

/** @typedef {import("../lib/scans.js").Scan} Scan */
/** @typedef {import("../lib/api.js").ApiError} ApiError */

/**
 * @typedef {object} Answer
 * @property {"good" | "loss" | "needs" | "quiet"} tone
 * @property {string} icon
 * @property {string} title
 * @property {string} [text]
 * @property {[string, string][]} [facts]
 * @property {string} [note]
 */

/** @param {{scan: Scan, onSendNow: () => void, onGiveUp: () => void}} props */
export function ScanAnswer({ scan, onSendNow, onGiveUp }) {
  const { tone, icon, title, text, facts = [], note } = answerTo(scan);
  return html`
    <section class=${`scan-answer scan-${tone}`} aria-label=${t("Answer")}>
      <div aria-live="assertive" aria-atomic="true">
        <div class="scan-words" key=${scan.id + scan.phase}>
          <p class="scan-title"><${Icon} name=${icon} /> <strong>${title}</strong></p>
          ${text && html`<p class="scan-text">${text}</p>`}
          ${facts.length > 0 &&
          html`<dl class="scan-facts">
            ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
          </dl>`}
          ${note && html`<p class="scan-note"><${Icon} name="offline" /> <span>${note}</span></p>`}
        </div>
      </div>
      ${scan.phase === "unsent" &&
      html`<div class="notice-actions">
        <button type="button" class="button" onClick=${onSendNow}>${t("Send it now")}</button>
        <button type="button" class="button" onClick=${onGiveUp}>${t("Forget this scan")}</button>
      </div>`}
    </section>
  `;
}

/**
 * @param {Scan} scan
 * @returns {Answer}
 */
function answerTo(scan) {
  if (scan.phase === "ready") return { tone: "quiet", icon: "ticket", title: t("Ready to scan") };
  if (scan.phase === "asking") return { tone: "quiet", icon: "clock", title: t("Checking…") };
  if (scan.phase === "unsent") {
    return {
      tone: "needs",
      icon: "offline",
      title: t("Not recorded"),
      text: t("The server does not answer, so this scan has not been recorded yet. The same scan is sent again until there is an answer. Wait, or look at the ticket yourself."),
    };
  }
  if (scan.checkIn) return letIn(scan.checkIn);
  const answer = scan.error ? refusal(scan.error) : letInWithoutNetwork(scan);
  return scan.listAt ? { ...answer, note: asListed(scan.listAt) } : answer;
}

/** @param {Scan} scan */
function letInWithoutNetwork({ eventName }) {
  /** @type {[string, string][]} */
  const facts = [[t("Event"), eventName ?? ""]];
  return { tone: /** @type {const} */ ("good"), icon: "check", title: t("Let in"), facts };
}

/** @param {number} at */
const asListed = (at) =>
  t("Without network: by this phone’s list of {time}.", { time: momentWords(at, serverNow()) });

/**
 * @param {import("../../types").CheckIn} checkIn
 * @returns {Answer}
 */
function letIn({ ticket, event }) {
  /** @type {[string, string][]} */
  const facts = [
    [t("Ticket"), ticket.ticket_type.name],
    [t("Name"), ticket.holder || t("no name given")],
    [t("Event"), event.name],
  ];
  return { tone: "good", icon: "check", title: t("Let in"), facts };
}

/**
 * @param {ApiError} error
 * @returns {Answer}
 */
function refusal(error) {
  const no = { tone: /** @type {const} */ ("loss"), icon: "close" };
  if (error.code === "already_checked_in") {
    const text = t("Somebody came in with this ticket before. Do not let them in.");
    return { ...no, icon: "clock", title: t("Already in"), text, facts: firstScan(error) };
  }
  if (error.code === "ticket_not_valid") {
    const text = t("{why} Do not let them in.", { why: error.detail });
    return { ...no, title: t("Not valid"), text };
  }
  if (error.code === "not_on_list") {
    return { tone: "needs", icon: "info", title: t("Not on the list"), text: error.detail };
  }
  const isNoCode = error.errors.some(({ field }) => field === "code");
  if (error.code === "unknown_ticket" || isNoCode) {
    const text = t("This is not a ticket for this door. Do not let them in.");
    return { ...no, title: t("Unknown code"), text };
  }
  return { ...no, icon: "info", title: error.title.replace(/\.$/, ""), text: error.detail };
}

/**
 * When and where the ticket was scanned first; the clock is the venue's.
 * @param {ApiError} error
 * @returns {[string, string][]}
 */
function firstScan({ meta }) {
  if (!meta["first_at"]) return [];
  const ago = duration(serverNow() - Date.parse(String(meta["first_at"])));
  const time = String(meta["first_at_local"]);
  return [
    [t("When"), t("{time}, {ago} ago", { time, ago })],
    [t("Where"), String(meta["first_gate"] || t("at a door without a name"))],
  ];
}
