/** Whether the phone believes it has a network. It may be wrong both ways. */
import { createStore } from "./store.js";

export const online = createStore(navigator.onLine);

addEventListener("online", () => online.set(true));
addEventListener("offline", () => online.set(false));
