/** Lists of events, page by page, remembered so that "back" shows them at once. */
import { useEffect } from "preact/hooks";

import { api, asApiError } from "./api.js";
import { createStore, useStore } from "./store.js";

/** @typedef {import("../../types").EventCard} EventCard */
/** @typedef {import("./api.js").ApiError} ApiError */
/** @typedef {Record<string, string | number | null | undefined>} Query */

/**
 * @typedef {object} Listing
 * @property {EventCard[]} items
 * @property {string | null} next
 * @property {"loading" | "ready" | "more" | "failed"} status
 * @property {ApiError | null} error
 * @property {number} at  when the first page came
 */

const FRESH = 2 * 60_000;
/** A phone that was in a pocket this long shows what is on now, not then. */
const STALE = 10 * 60_000;
const KEPT = 12;

/** @type {Map<string, import("./store.js").Store<Listing>>} */
const listings = new Map();

/** @type {Listing} */
const EMPTY = { items: [], next: null, status: "loading", error: null, at: 0 };

/**
 * The list for a query; loads it unless it was loaded a moment ago.
 * @param {Query} query
 * @param {boolean} returning  came by "back": what was there is what is wanted
 */
export function useListing(query, returning) {
  const name = JSON.stringify(query);
  const store = storeFor(name);
  useEffect(() => {
    const { at, status } = store.get();
    const age = Date.now() - at;
    if (status === "loading" && at === 0) void loadFirst(store, query);
    else if (age > FRESH && !returning) void loadFirst(store, query);
  }, [name]);
  useEffect(() => {
    const refresh = () => {
      if (!document.hidden && Date.now() - store.get().at > STALE) void loadFirst(store, query);
    };
    document.addEventListener("visibilitychange", refresh);
    return () => document.removeEventListener("visibilitychange", refresh);
  }, [name]);
  const listing = useStore(store);
  return {
    ...listing,
    loadMore: () => loadMore(store),
    reload: () => loadFirst(store, query),
  };
}

/** @param {string} name */
function storeFor(name) {
  const known = listings.get(name);
  if (known) return known;
  const store = createStore(EMPTY);
  listings.set(name, store);
  const oldest = listings.keys().next().value;
  if (listings.size > KEPT && oldest) listings.delete(oldest);
  return store;
}

/**
 * @param {import("./store.js").Store<Listing>} store
 * @param {Query} query
 */
async function loadFirst(store, query) {
  const before = store.get();
  if (before.items.length === 0) store.set({ ...EMPTY, status: "loading", at: Date.now() });
  try {
    const page = await api("/events", { query });
    store.set({
      items: page.results,
      next: page.next,
      status: "ready",
      error: null,
      at: Date.now(),
    });
  } catch (reason) {
    const error = asApiError(reason);
    // What we had is better than an empty page, if it says what is wrong.
    store.set({ ...before, status: "failed", error, at: 0 });
  }
}

/** @param {import("./store.js").Store<Listing>} store */
async function loadMore(store) {
  const before = store.get();
  if (!before.next || before.status === "more") return;
  store.set({ ...before, status: "more", error: null });
  try {
    const page = await api(before.next);
    const seen = new Set(before.items.map((event) => event.id));
    /** @type {EventCard[]} */
    const fresh = page.results.filter((/** @type {EventCard} */ e) => !seen.has(e.id));
    store.set({
      ...before,
      items: [...before.items, ...fresh],
      next: page.next,
      status: "ready",
      error: null,
    });
  } catch (reason) {
    store.set({ ...before, status: "ready", error: asApiError(reason) });
  }
}

/**
 * An event that some list has shown already: its page can begin with that.
 * @param {string} id
 */
export function knownEvent(id) {
  for (const store of listings.values()) {
    const found = store.get().items.find((event) => event.id === id);
    if (found) return found;
  }
  return null;
}
