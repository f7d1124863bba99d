/** What works without a network: the service worker and its kept tickets. */
import { createStore } from "./store.js";

const TICKETS = "tickets-";

/** A newer version of the app has taken over; a reload shows it. */
export const updated = createStore(false);

/** Start the service worker. Without one everything works but only online. */
export async function startServiceWorker() {
  if (!("serviceWorker" in navigator)) return;
  const hadOne = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (hadOne) updated.set(true);
  });
  try {
    await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  } catch (reason) {
    console.warn("No service worker:", reason);
  }
}

/** Resolves when the service worker sees this page's requests. */
export async function underServiceWorker() {
  if (!("serviceWorker" in navigator)) return;
  if (navigator.serviceWorker.controller) return;
  await new Promise((resolve) =>
    navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
  );
}

/** Remove every ticket kept on this device. */
export async function forgetTickets() {
  if (!("caches" in window)) return;
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(TICKETS)).map((name) => caches.delete(name)),
  );
}
