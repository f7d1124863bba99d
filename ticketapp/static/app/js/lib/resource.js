/** One thing from the API, with its loading and its refusal. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { api, asApiError } from "./api.js";

/**
 * @template T
 * @typedef {object} Resource
 * @property {T | null} data
 * @property {import("./api.js").ApiError | null} error
 * @property {boolean} loading
 * @property {() => Promise<void>} reload
 * @property {(data: T) => void} set
 */

/**
 * @template T
 * @param {string | null} path  null asks for nothing
 * @returns {Resource<T>}
 */
export function useResource(path) {
  const [state, setState] = useState(() => blank(path));
  const current = useRef(path);
  current.current = path;

  const reload = useCallback(async () => {
    if (path === null) return;
    setState((before) => ({ ...before, error: null, loading: true }));
    try {
      const data = await api(path);
      if (current.current === path) setState({ path, data, error: null, loading: false });
    } catch (reason) {
      const error = asApiError(reason);
      if (current.current === path) {
        setState((before) => ({ ...before, error, loading: false }));
      }
    }
  }, [path]);

  useEffect(() => {
    if (state.path !== path) setState(blank(path));
    void reload();
  }, [path]);

  const set = useCallback(
    (/** @type {any} */ data) => setState({ path, data, error: null, loading: false }),
    [path],
  );
  // Another address was asked for in this very drawing: the old data is not its.
  const shown = state.path === path ? state : blank(path);
  return { data: shown.data, error: shown.error, loading: shown.loading, reload, set };
}

/** @param {string | null} path */
const blank = (path) => ({
  path,
  data: /** @type {any} */ (null),
  error: /** @type {import("./api.js").ApiError | null} */ (null),
  loading: path !== null,
});
