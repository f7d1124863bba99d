/** How the door stands without network: what it knows, and what it has yet to send. */
import { useEffect, useState } from "preact/hooks";

import { html } from "../html.js";
import { serverNow } from "../lib/clock.js";
import { publicKey } from "../lib/codes.js";
import { doorLists, listsInHand } from "../lib/door-lists.js";
import { t, tn } from "../lib/i18n.js";
import {
  forgetProblems,
  isOnlyInMemory,
  isOwn,
  keptScans,
  sendAllAgain,
  sentScans,
} from "../lib/kept-scans.js";
import { useStore } from "../lib/store.js";
import { momentWords } from "../lib/when.js";

/** Whether scanning would go on, were the network lost now. */
export function WithoutNetwork() {
  useStore(doorLists);
  const lists = listsInHand();
  const canCheck = useCanCheck(lists?.events[0]?.code_key);
  if (!lists || lists.events.length === 0 || canCheck === undefined) return null;
  if (!canCheck) {
    return html`<p class="quiet">${t("This browser cannot check codes without network: a scan waits for its answer then.")}</p>`;
  }
  const time = momentWords(lists.at, serverNow());
  return html`<p class="quiet">${t("Without network it goes on, by the list of {time}.", { time })}</p>`;
}

/**
 * Whether this browser can check what we sign; undefined while that is not known.
 * @param {string | undefined} key
 */
function useCanCheck(key) {
  const [can, setCan] = useState(/** @type {boolean | undefined} */ (undefined));
  useEffect(() => {
    if (key) void publicKey(key).then((known) => setCan(known !== null));
  }, [key]);
  return can;
}

/** What was let in without network: still to be sent, and what came of what was. */
export function UnsentScans() {
  const scans = useStore(keptScans);
  const { sent, twice, wrong } = useStore(sentScans);
  const isFull = useStore(isOnlyInMemory);
  const own = scans.filter(isOwn);
  const problems = own.filter(({ problem }) => problem);
  const others = scans.length - own.length;
  const waiting = own.length - problems.length;
  return html`
    <div>
      <div role="status">${sent > 0 && html`<p>${sentWords(sent, twice, wrong)}</p>`}</div>
      ${waiting > 0 &&
      html`<p class="unsent-scans">
        <span>${tn(waiting, "{n} scan waits to be sent.", "{n} scans wait to be sent.")}</span>
        <button type="button" class="link" onClick=${sendAllAgain}>${t("Send now")}</button>
      </p>`}
      ${isFull && html`<p role="alert">${t("This phone has no room left. Keep this page open until they are sent.")}</p>`}
      ${problems.length > 0 && html`<${NotRecorded} scans=${problems} />`}
      ${others > 0 &&
      html`<p>${tn(others, "{n} scan of somebody else waits on this phone. It is sent when they sign in here.", "{n} scans of somebody else wait on this phone. They are sent when that person signs in here.")}</p>`}
    </div>
  `;
}

/** @param {{scans: import("../lib/kept-scans.js").KeptScan[]}} props */
function NotRecorded({ scans }) {
  const reasons = [...new Set(scans.map(({ problem }) => problem ?? ""))].join(" ");
  return html`
    <div role="alert">
      <p>${tn(scans.length, "{n} scan could not be recorded: {reasons}", "{n} scans could not be recorded: {reasons}", { reasons })}</p>
      <p class="unsent-scans">
        <button type="button" class="link" onClick=${sendAllAgain}>${t("Send again")}</button>
        <button type="button" class="link" onClick=${forgetProblems}>${tn(scans.length, "Forget it", "Forget them")}</button>
      </p>
    </div>
  `;
}

/**
 * @param {number} sent
 * @param {number} twice
 * @param {number} wrong
 */
function sentWords(sent, twice, wrong) {
  const words = [tn(sent, "{n} scan was sent.", "{n} scans were sent.")];
  if (twice > 0) {
    words.push(
      tn(twice, "{n} had come in before: the venue sees it.", "{n} had come in before: the venue sees them."),
    );
  }
  if (wrong > 0) {
    words.push(
      tn(wrong, "{n} did not admit any more: the venue sees it.", "{n} did not admit any more: the venue sees them."),
    );
  }
  return words.join(" ");
}
