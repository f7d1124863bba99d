/** Installing the app. The browser's offer is kept until the person wants it. */
import { createStore } from "./store.js";

/** @type {import("./store.js").Store<any>} */
export const installOffer = createStore(null);

addEventListener("beforeinstallprompt", (offer) => {
  offer.preventDefault();
  installOffer.set(offer);
});
addEventListener("appinstalled", () => installOffer.set(null));

export async function install() {
  const offer = installOffer.get();
  installOffer.set(null);
  await offer?.prompt();
}
