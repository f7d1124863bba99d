/** Signing in by a code from an e-mail, and out again. */
import { ApiError, api } from "./api.js";
import { forgetTickets } from "./offline.js";
import { createKeptStore, createStore } from "./store.js";
import { token } from "./token.js";

/** @typedef {import("../../types").Me} Me */

const AUTH = "/_allauth/app/v1/auth";

/** Who is signed in, as last heard; null until /me has answered. */
export const me = createKeptStore("localStorage", "me", /** @type {Me | null} */ (null));

/** The sign-in that waits for its code: it survives a look at the mail app. */
export const pending = createKeptStore(
  "sessionStorage",
  "signin",
  /** @type {{email: string, session: string} | null} */ (null),
);

export const signedIn = createStore(token.get() !== null);
token.subscribe(() => {
  signedIn.set(token.get() !== null);
  if (token.get() === null) forgetPerson();
});

function forgetPerson() {
  me.set(null);
  void forgetTickets();
}

/**
 * Have a code sent. The answer is the same for known and new addresses.
 * @param {string} email
 */
export async function requestCode(email) {
  const session = await sessionFrom("/code/request", { email }, null);
  if (!session) throw new ApiError({ status: 502, code: "no_session" });
  pending.set({ email, session });
}

/** @param {string} code */
export async function confirmCode(code) {
  const waiting = pending.get();
  if (!waiting) throw new ApiError({ status: 409, code: "code_expired" });
  const session = await sessionFrom("/code/confirm", { code }, waiting.session);
  pending.set(null);
  token.set(session ?? waiting.session);
  await loadMe().catch(() => null);
}

/**
 * allauth says 401 while a step is missing; that is its way of saying "go on".
 * @param {string} path
 * @param {unknown} body
 * @param {string | null} sessionToken
 * @returns {Promise<string | null>}
 */
async function sessionFrom(path, body, sessionToken) {
  try {
    const answer = await api(AUTH + path, { method: "POST", body, sessionToken });
    return answer?.meta?.session_token ?? null;
  } catch (reason) {
    const given = reason instanceof ApiError ? reason.meta["session_token"] : null;
    if (reason instanceof ApiError && reason.status === 401 && given) return String(given);
    throw reason;
  }
}

export async function loadMe() {
  if (token.get() === null) return;
  me.set(await api("/me"));
}

/** @param {{name?: string, show_viewer_counts?: boolean}} changes */
export async function saveMe(changes) {
  me.set(await api("/me", { method: "PATCH", body: changes }));
}

/** The device forgets at once, whether or not the server can be told. */
export async function signOut() {
  const session = token.get();
  token.set(null);
  await api(`${AUTH}/session`, { method: "DELETE", sessionToken: session }).catch(
    () => null,
  );
}
