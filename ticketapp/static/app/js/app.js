/** The frame and the screen that belongs to the address. */
import { useEffect, useErrorBoundary, useLayoutEffect, useRef } from "preact/hooks";

import { NetworkLine, Tabs } from "./components/frame.js";
import { Notice } from "./components/notice.js";
import { html } from "./html.js";
import { t } from "./lib/i18n.js";
import { restoreScroll, route } from "./lib/router.js";
import { useStore } from "./lib/store.js";
import { CheckoutView } from "./views/checkout.js";
import { DoorView } from "./views/door.js";
import { EventView } from "./views/event.js";
import { OrderView } from "./views/order.js";
import { Search } from "./views/search.js";
import { TicketView } from "./views/ticket.js";
import { TicketsView } from "./views/tickets.js";
import { Tonight } from "./views/tonight.js";
import { YouView } from "./views/you.js";

/** @type {Record<string, (props: {route: import("./lib/router.js").Route}) => unknown>} */
const VIEWS = {
  tonight: Tonight,
  search: Search,
  event: EventView,
  checkout: CheckoutView,
  order: OrderView,
  tickets: TicketsView,
  ticket: TicketView,
  you: YouView,
  door: DoorView,
};

export function App() {
  const current = useStore(route);
  const main = useRef(/** @type {HTMLElement | null} */ (null));
  const View = VIEWS[current.name] ?? Missing;
  useLayoutEffect(() => restoreScroll(current), [current.key, current.path]);
  useEffect(() => arrive(main.current, current), [current.key, current.path]);
  useTitle(main.current, current.path);
  return html`
    <a class="skip" href="#main">${t("Skip to the content")}</a>
    <${NetworkLine} />
    <main id="main" ref=${main} class=${`view view-${current.name}`}>
      <${Guarded} key=${current.path}><${View} route=${current} /><//>
    </main>
    <${Tabs} />
  `;
}

/**
 * Tell whoever listens where they have come to: the focus goes to the heading.
 * @param {HTMLElement | null} main
 * @param {import("./lib/router.js").Route} to
 */
function arrive(main, to) {
  if (!main || to.how === "load" || to.how === "query") return;
  if (focusHeading(main)) return;
  // It is still on its way: wait, unless the person goes on by themselves.
  const observer = new MutationObserver(() => {
    const isFree = document.activeElement === document.body;
    if (!isFree || focusHeading(main)) observer.disconnect();
  });
  observer.observe(main, { childList: true, subtree: true });
  return () => observer.disconnect();
}

/** @param {HTMLElement} main */
function focusHeading(main) {
  const heading = main.querySelector("h1");
  if (!(heading instanceof HTMLElement)) return false;
  heading.focus({ preventScroll: true });
  return true;
}

/**
 * The heading of the screen is the title of the window.
 * @param {HTMLElement | null} main
 * @param {string} path
 */
function useTitle(main, path) {
  useEffect(() => {
    const root = main ?? document.getElementById("main");
    if (!root) return;
    const name = () => {
      const words = root.querySelector("h1")?.textContent?.replace(/\s+/g, " ").trim();
      document.title = words ? `${words} · ticketapp` : "ticketapp";
    };
    name();
    const observer = new MutationObserver(name);
    observer.observe(root, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  }, [main, path]);
}

/**
 * One screen that breaks does not take the others with it.
 * @param {{children?: unknown}} props
 */
function Guarded({ children }) {
  const [error] = useErrorBoundary((reason) => console.error(reason));
  if (!error) return children;
  return html`
    <${Notice}
      title=${t("This screen does not work right now")}
      text=${t("It is our fault, not yours. If you were just paying, your orders say what came of it.")}
      level=${1}
    >
      <button type="button" class="button" onClick=${() => location.reload()}>${t("Reload")}</button>
      <a class="button" href="/you">${t("See your orders")}</a>
    <//>
  `;
}

const Missing = () => html`
  <${Notice} title=${t("There is nothing at this address")} level=${1}>
    <a class="button primary" href="/">${t("See tonight")}</a>
  <//>
`;
