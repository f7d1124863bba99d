/** Real addresses without reloading; back returns to where one had scrolled. */
import { createStore, read, write } from "./store.js";

/**
 * @typedef {object} Route
 * @property {string} name
 * @property {Record<string, string>} params
 * @property {URLSearchParams} query
 * @property {string} path
 * @property {string} key  one entry of the history
 * @property {"load" | "push" | "replace" | "query" | "back"} how
 */

const UUID = "([0-9a-fA-F-]{36})";
/** @type {[string, RegExp][]} */
const ROUTES = [
  ["tonight", /^\/$/],
  ["search", /^\/search\/?$/],
  ["event", new RegExp(`^/events/${UUID}/?$`)],
  ["checkout", new RegExp(`^/checkout/${UUID}/?$`)],
  ["order", new RegExp(`^/orders/${UUID}/?$`)],
  ["tickets", /^\/tickets\/?$/],
  ["ticket", new RegExp(`^/tickets/${UUID}/?$`)],
  ["you", /^\/you\/?$/],
  ["door", /^\/door\/?$/],
];

/** @type {Record<string, number>} */
const scrolls = read("sessionStorage", "scrolls", {});

/** A new entry of the history; its key is what its scroll is remembered under. */
const newKey = () => `${Date.now()}-${Math.random()}`;

/** A link within the page makes an entry of the browser's own, without a key. */
const keyHere = () => history.state?.key ?? "";

/**
 * @param {Route["how"]} how
 * @returns {Route}
 */
function current(how) {
  const [name, id] = match(location.pathname);
  return {
    name,
    params: id ? { id } : {},
    query: new URLSearchParams(location.search),
    path: location.pathname,
    key: keyHere(),
    how,
  };
}

/**
 * @param {string} path
 * @returns {[string, string | undefined]}
 */
function match(path) {
  for (const [name, pattern] of ROUTES) {
    const found = pattern.exec(path);
    if (found) return [name, found[1]];
  }
  return ["missing", undefined];
}

// An address that was typed is a new entry too: it starts at its top.
if (!keyHere()) history.replaceState({ key: newKey(), depth: 0 }, "");

export const route = createStore(current("load"));

/**
 * Go to an address of the app.
 * @param {string} address
 * @param {{replace?: boolean, state?: Record<string, unknown>}} [options]
 */
export const go = (address, { replace = false, state = {} } = {}) =>
  enter(address, replace ? "replace" : "push", state);

/**
 * @param {string} address
 * @param {"push" | "replace" | "query"} how
 * @param {Record<string, unknown>} state
 */
function enter(address, how, state) {
  remember();
  const replace = how !== "push";
  const key = replace ? keyHere() : newKey();
  const entry = { ...state, key, depth: depth() + (replace ? 0 : 1) };
  if (replace) history.replaceState(entry, "", address);
  else history.pushState(entry, "", address);
  route.set(current(how));
}

/** How many steps of the app lie behind this one. */
const depth = () => history.state?.depth ?? 0;

/**
 * One step back within the app, or to `fallback` when there is none.
 * @param {string} fallback
 */
export function back(fallback) {
  if (depth() > 0) history.back();
  else go(fallback, { replace: true });
}

/**
 * Change the query of this address without a new step in the history.
 * @param {Record<string, string | null>} changes
 */
export function setQuery(changes) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === location.href) return;
  enter(url.pathname + url.search, "query", history.state ?? {});
}

function remember() {
  scrolls[keyHere()] = scrollY;
  write("sessionStorage", "scrolls", scrolls);
}

/**
 * Put the page where it belongs after a change of route. Content that is still
 * on its way may be too short to scroll: try again while it grows.
 * @param {Route} to
 */
export function restoreScroll(to) {
  const wanted = to.how === "back" || to.how === "load" ? (scrolls[to.key] ?? 0) : 0;
  if (to.how === "query") return;
  let turns = 60;
  const step = () => {
    scrollTo(0, wanted);
    turns -= 1;
    if (Math.abs(scrollY - wanted) > 2 && turns > 0) requestAnimationFrame(step);
  };
  step();
}

let waiting = 0;

/** Start listening: links, back and forward. */
export function startRouter() {
  history.scrollRestoration = "manual";
  addEventListener("pagehide", remember);
  addEventListener("popstate", () => {
    // The entry has changed already: a late save would be under the wrong key.
    clearTimeout(waiting);
    route.set(current("back"));
  });
  addEventListener(
    "scroll",
    () => {
      clearTimeout(waiting);
      waiting = setTimeout(remember, 120);
    },
    { passive: true },
  );
  document.addEventListener("click", follow);
}

/** @param {MouseEvent} click */
function follow(click) {
  if (click.defaultPrevented || click.button !== 0) return;
  if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
  const link = /** @type {Element} */ (click.target).closest?.("a");
  if (!link?.href || link.target || link.hasAttribute("download")) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || match(url.pathname)[0] === "missing") return;
  if (url.hash && url.pathname === location.pathname) return;
  click.preventDefault();
  go(url.pathname + url.search);
}
