/** Where it begins. */
import { render } from "preact";

import { App } from "./app.js";
import { html } from "./html.js";
import { loadWords } from "./lib/i18n.js";
import { keepSending } from "./lib/kept-scans.js";
import { startServiceWorker } from "./lib/offline.js";
import { startRouter } from "./lib/router.js";
import { keepTickets } from "./lib/tickets.js";

await loadWords();
startRouter();
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(html`<${App} />`, root);
}
keepSending();
await startServiceWorker();
await keepTickets();
