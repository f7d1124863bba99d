/** Whether there is room for two columns. */
import { createStore, useStore } from "./store.js";

const query = matchMedia("(min-width: 56.25rem)");
const wide = createStore(query.matches);
query.addEventListener("change", () => wide.set(query.matches));

export const useWide = () => useStore(wide);
