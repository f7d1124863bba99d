/** What stays while screens change: the four places, the way back, the state of the network. */
import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { updated } from "../lib/offline.js";
import { online } from "../lib/online.js";
import { back, route } from "../lib/router.js";
import { useStore } from "../lib/store.js";
import { Icon } from "./icon.js";

/** @type {Record<string, string>} */
const HOME_OF = {
  tonight: "/",
  search: "/search",
  tickets: "/tickets",
  ticket: "/tickets",
  you: "/you",
  order: "/you",
  door: "/you",
};

export function Tabs() {
  const { name } = useStore(route);
  const places = [
    { path: "/", icon: "tonight", words: t("Tonight") },
    { path: "/search", icon: "search", words: t("Search") },
    { path: "/tickets", icon: "ticket", words: t("Tickets") },
    { path: "/you", icon: "you", words: t("You") },
  ];
  return html`
    <nav class="tabs" aria-label=${t("Main")}>
      ${places.map(
        ({ path, icon, words }) => html`
          <a href=${path} aria-current=${HOME_OF[name] === path ? "page" : null}>
            <${Icon} name=${icon} />
            <span>${words}</span>
          </a>
        `,
      )}
    </nav>
  `;
}

/**
 * The bar on top of a screen that one came to from another.
 * @param {{fallback: string, title?: string, children?: unknown}} props
 */
export function TopBar({ fallback, title, children }) {
  return html`
    <header class="topbar">
      <button type="button" class="plain round" onClick=${() => back(fallback)} aria-label=${t("Back")}>
        <${Icon} name="back" />
      </button>
      <span class="topbar-title">${title}</span>
      ${children}
    </header>
  `;
}

/** Two quiet lines above everything, when there is something to say. */
export function NetworkLine() {
  const isOnline = useStore(online);
  const isUpdated = useStore(updated);
  return html`
    <div class="network-line" role="status">
      ${!isOnline &&
      html`<p><${Icon} name="offline" /> ${t("You are offline. Your tickets still work.")}</p>`}
      ${isOnline &&
      isUpdated &&
      html`<p>
        ${t("A newer version is ready.")}
        <button type="button" class="link" onClick=${() => location.reload()}>${t("Reload")}</button>
      </p>`}
    </div>
  `;
}
