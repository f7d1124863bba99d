/** The session token, kept on this device. Only api.js sends it anywhere. */
import { createKeptStore } from "./store.js";

export const token = createKeptStore(
  "localStorage",
  "session",
  /** @type {string | null} */ (null),
);
