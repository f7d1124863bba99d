/**
 * Refusals and empty places. In this order: what happened, whether money moved,
 * what to do; and the button does it.
 */
import { useEffect, useRef } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../lib/i18n.js";

/** @typedef {import("../lib/api.js").ApiError} ApiError */

/**
 * @param {{
 *   title: string,
 *   text?: string,
 *   tone?: "quiet" | "needs" | "loss" | "good",
 *   children?: unknown,
 *   level?: 1 | 2,
 * }} props
 */
export function Notice({ title, text, tone = "quiet", children, level = 2 }) {
  const Heading = `h${level}`;
  return html`
    <section class=${`notice notice-${tone}`} role=${tone === "quiet" ? null : "alert"}>
      <${Heading} class="notice-title" tabindex=${level === 1 ? -1 : null}>${title}<//>
      ${text && html`<p>${text}</p>`}
      ${children && html`<div class="notice-actions">${children}</div>`}
    </section>
  `;
}

/**
 * A refusal of the server with the one thing that helps.
 * @param {{
 *   error: ApiError,
 *   onRetry?: () => void,
 *   children?: unknown,
 *   level?: 1 | 2,
 *   money?: boolean,
 * }} props  money: say that none moved, where that is what one fears
 */
export function Refusal({ error, onRetry, children, level, money = false }) {
  const unmoved = money && error.meta["charged"] === false;
  const says = /charged/i.test(error.detail);
  const text = [
    error.detail && error.detail !== error.title ? error.detail : "",
    unmoved && !says ? t("You have not been charged.") : "",
  ];
  return html`
    <${Notice}
      title=${(error.title || error.detail).replace(/\.$/, "")}
      text=${text.filter(Boolean).join(" ")}
      tone=${error.isOffline || error.status === 404 ? "quiet" : "needs"}
      level=${level}
    >
      ${children ??
      (onRetry &&
        html`<button type="button" class="button" onClick=${onRetry}>
          ${t("Try again")}
        </button>`)}
    <//>
  `;
}

/**
 * What came of what one has just done: the focus goes there, since what had it may
 * be gone or idle now.
 * @param {{error: ApiError, children?: unknown}} props
 */
export function Heard({ error, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => box.current?.focus(), [error]);
  return html`<div class="heard" tabindex="-1" ref=${box}>${children}</div>`;
}
