/** How long the tickets are held: quiet, true, and never restarted by a reload. */
import { useEffect } from "preact/hooks";

import { html } from "../html.js";
import { useNow } from "../lib/clock.js";
import { t, tn } from "../lib/i18n.js";
import { momentWords } from "../lib/when.js";
import { Icon } from "./icon.js";

/** @param {{expiresAt: string, onExpired: () => void}} props */
export function HoldClock({ expiresAt, onExpired }) {
  const now = useNow(1_000);
  const left = Date.parse(expiresAt) - now;
  const isOver = left <= 0;
  useEffect(() => {
    if (isOver) onExpired();
  }, [isOver]);
  if (isOver) return null;
  return html`
    <p class="hold-clock">
      <${Icon} name="clock" />
      <span>${t("Yours until {time}", { time: momentWords(expiresAt, now) })}</span>
      <span class="quiet" role="timer">${leftWords(left)}</span>
    </p>
    <p class="visually-hidden" role="status">
      ${left < 120_000 && t("Less than two minutes left.")}
    </p>
  `;
}

/** @param {number} left */
function leftWords(left) {
  if (left > 60_000) {
    const minutes = Math.floor(left / 60_000);
    return tn(minutes, "{n} minute left", "{n} minutes left");
  }
  const seconds = Math.ceil(left / 1_000);
  return tn(seconds, "{n} second left", "{n} seconds left");
}
