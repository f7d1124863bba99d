/**
 * The service worker: the app itself and one's own tickets, without a network.
 * It keeps nothing else. The server puts `self.APP` in front of this file, so a
 * change of any part of the app is a change of this worker.
 */

/** @typedef {{version: string, shell: string, files: string[], isHashed: boolean}} App */

const worker = /** @type {ServiceWorkerGlobalScope & {APP: App}} */ (
  /** @type {unknown} */ (self)
);
const { version, shell, files, isHashed } = worker.APP;

const APP_CACHE = `app-${version}`;
const TICKETS = "tickets-";
const SCREENS = /^\/(?:$|events\/|search|tickets|orders\/|checkout\/|you|door)/;
const MY_TICKETS = /^\/api\/v1\/tickets(?:\/|$)/;
const PATIENCE = 5_000;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate") {
    if (SCREENS.test(url.pathname)) event.respondWith(screen(request));
  } else if (MY_TICKETS.test(url.pathname)) {
    event.respondWith(myTickets(request));
  } else if (files.includes(url.pathname)) {
    event.respondWith(part(request));
  }
});

async function install() {
  const cache = await caches.open(APP_CACHE);
  await cache.addAll(
    [shell, ...files].map((path) => new Request(path, { cache: "reload" })),
  );
  await worker.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith("app-") && name !== APP_CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

/**
 * Any screen: from the network, or else the kept shell, which draws them all.
 * @param {Request} request
 */
async function screen(request) {
  try {
    const response = await patiently(fetch(request));
    if (response.status < 500) return response;
  } catch {
    // No network, or one that does not answer.
  }
  return (await kept(shell)) ?? Response.error();
}

/**
 * The answer, or a rejection when it takes too long. A navigation may not be
 * given a signal, so the slow request is left to itself.
 * @param {Promise<Response>} answer
 * @returns {Promise<Response>}
 */
const patiently = (answer) =>
  Promise.race([
    answer,
    new Promise((_, reject) => setTimeout(() => reject(new Error("slow")), PATIENCE)),
  ]);

/**
 * A part of the app. Names with a hash never change, so the kept one is right.
 * @param {Request} request
 */
async function part(request) {
  const path = new URL(request.url).pathname;
  if (isHashed) return (await kept(path)) ?? fetch(request);
  try {
    return await fetch(request);
  } catch {
    return (await kept(path)) ?? Response.error();
  }
}

/** @param {string} path */
const kept = async (path) => (await caches.open(APP_CACHE)).match(path);

/**
 * The tickets of whoever is signed in: fresh if possible, else as last seen.
 * @param {Request} request
 */
async function myTickets(request) {
  const cache = await caches.open(TICKETS + (await owner(request)));
  try {
    const response = await patiently(fetch(request));
    if (response.ok) await cache.put(request.url, await stamped(response.clone()));
    if (response.status === 401) await forget();
    if (response.status < 500) return response;
  } catch {
    // No network, or one that does not answer.
  }
  return (await cache.match(request.url)) ?? Response.error();
}

/**
 * The name of the cache of one session; nobody can read the session from it.
 * @param {Request} request
 */
async function owner(request) {
  const token = request.headers.get("X-Session-Token") ?? "";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return [...new Uint8Array(digest).slice(0, 12)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/**
 * A copy that says when it was true.
 * @param {Response} response
 */
async function stamped(response) {
  const headers = new Headers(response.headers);
  headers.set("X-Cached-At", new Date().toISOString());
  return new Response(await response.blob(), { status: 200, headers });
}

async function forget() {
  for (const name of await caches.keys()) {
    if (name.startsWith(TICKETS)) await caches.delete(name);
  }
}
