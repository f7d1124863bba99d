/** How many are looking and what is left, and how that is counted. */
import { html } from "../html.js";
import { useNow } from "../lib/clock.js";
import { joined, t, tn } from "../lib/i18n.js";
import { viewersShown } from "../lib/live.js";

/**
 * @param {{
 *   snapshot: import("../../types").Snapshot | null,
 *   left: number | null,
 *   isOnSale: boolean,
 * }} props
 */
export function LiveLine({ snapshot, left, isOnSale }) {
  const now = useNow(5_000);
  if (!isOnSale) return null;
  const viewers = viewersShown(snapshot, now);
  const words = [
    viewers && viewerWords(viewers),
    left !== null && tn(left, "{n} left on this app", "{n} left on this app"),
  ];
  if (!words.some(Boolean)) return null;
  return html`
    <div class="live">
      <p role="status">${joined(words, " · ")}</p>
      <details class="disclosure">
        <summary>${t("How we count")}</summary>
        <${HowWeCount} />
      </details>
    </div>
  `;
}

/** @param {{count: number, isAbout: boolean}} viewers */
const viewerWords = ({ count, isAbout }) =>
  isAbout
    ? tn(count, "about {n} person is looking", "about {n} people are looking")
    : tn(count, "{n} person is looking", "{n} people are looking");

export const HowWeCount = () => html`
  <p>
    ${t(
      "Looking: different people with this event open in the last minute, on this app, without you, our staff and robots. Below 5 we show nothing; above 20 we round down and say “about”.",
    )}
  </p>
  <p>
    ${t(
      "Left: tickets that can still be bought on this app, to the ticket. We say it only when there are 10 or fewer.",
    )}
  </p>
  <p>
    ${t(
      "The only clocks are real ones: your own hold, a price that will fall, a sale that opens, the start of the event.",
    )}
  </p>
`;
