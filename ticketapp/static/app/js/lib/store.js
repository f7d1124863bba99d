/** A value that views can watch. */
import { useEffect, useRef, useState } from "preact/hooks";

/**
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(next: T) => void} set
 * @property {(listener: () => void) => () => void} subscribe
 */

/**
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  let value = initial;
  /** @type {Set<() => void>} */
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/**
 * The store's value, and a redraw whenever it changes.
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
  const [, redraw] = useState(0);
  const drawn = useRef(store.get());
  drawn.current = store.get();
  useEffect(() => {
    const stop = store.subscribe(() => redraw((n) => n + 1));
    // It may have changed between the drawing and this effect.
    if (!Object.is(drawn.current, store.get())) redraw((n) => n + 1);
    return stop;
  }, [store]);
  return drawn.current;
}

/**
 * A store that outlives the page, in the given storage of this device.
 * Storage may be forbidden or full: then it lives as long as the page.
 * @template T
 * @param {"localStorage" | "sessionStorage"} area
 * @param {string} name
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createKeptStore(area, name, initial) {
  const store = createStore(read(area, name, initial));
  store.subscribe(() => write(area, name, store.get()));
  return store;
}

/**
 * @template T
 * @param {"localStorage" | "sessionStorage"} area
 * @param {string} name
 * @param {T} fallback
 * @returns {T}
 */
export function read(area, name, fallback) {
  try {
    const text = window[area].getItem(`ticketapp.${name}`);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/**
 * @param {"localStorage" | "sessionStorage"} area
 * @param {string} name
 * @param {unknown} value  null or undefined removes it
 */
export function write(area, name, value) {
  try {
    if (value === null || value === undefined) {
      window[area].removeItem(`ticketapp.${name}`);
    } else {
      window[area].setItem(`ticketapp.${name}`, JSON.stringify(value));
    }
  } catch {
    // Private mode or a full disk: the page works on without remembering.
  }
}
