/** The only module that talks to the REST API. */
import { learnServerTime } from "./clock.js";
import { t } from "./i18n.js";
import { token } from "./token.js";

/** @typedef {import("../../types").Problem} Problem */
/** @typedef {import("../../types").ProblemAction} ProblemAction */

/**
 * @typedef {object} RequestOptions
 * @property {string} [method]
 * @property {unknown} [body]
 * @property {Record<string, string | number | null | undefined>} [query]
 * @property {string} [idempotencyKey]
 * @property {AbortSignal} [signal]
 * @property {number} [timeout]
 * @property {string | null} [sessionToken]  instead of the kept one
 * @property {string} [etag]  of what the caller has; the browser keeps nothing then
 */

const API = "/api/v1";
const TIMEOUT = 15_000;

/** A refusal: the server answered, and said no, in words for people. */
export class ApiError extends Error {
  /** @param {Partial<Problem> & {status: number, code: string}} problem */
  constructor(problem) {
    super(problem.detail || problem.title || problem.code);
    this.name = "ApiError";
    this.status = problem.status;
    this.code = problem.code;
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? "";
    /** @type {ProblemAction | null} */
    this.action = problem.action ?? null;
    this.retryAfter = problem.retry_after ?? null;
    this.errors = problem.errors ?? [];
    /** @type {Record<string, unknown>} */
    this.meta = problem.meta ?? {};
  }

  /** True if nobody knows whether the server did what was asked. */
  get isUncertain() {
    return this.status === 0 || this.status >= 500;
  }

  get isOffline() {
    return this.code === "offline";
  }
}

/**
 * Ask the API, and return its answer or throw an ApiError.
 * @template [T=any]
 * @param {string} path  below /api/v1, or an address from a `next` link
 * @param {RequestOptions} [options]
 * @returns {Promise<T>}
 */
export async function api(path, options = {}) {
  return (await apiResponse(path, options)).data;
}

/**
 * The same, with the headers, for those who need to know how old it is; without data
 * where that is what `etag` names.
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<{data: any, headers: Headers}>}
 */
export async function apiResponse(path, options = {}) {
  const sent = options.sessionToken === undefined ? token.get() : options.sessionToken;
  const response = await send(addressOf(path, options.query), options, sent);
  const data = await bodyOf(response);
  if (response.ok || response.status === 304) return { data, headers: response.headers };
  // Another token may have come meanwhile: only the refused one is forgotten.
  if (response.status === 401 && !path.startsWith("/_allauth/")) {
    if (sent && sent === token.get()) token.set(null);
  }
  throw refusal(response, data);
}

/**
 * @param {string} path
 * @param {RequestOptions["query"]} query
 */
function addressOf(path, query) {
  const isOurs = !/^https?:/.test(path) && !path.startsWith("/_allauth/");
  const url = new URL(isOurs ? API + path : path, location.origin);
  // A proxy in front may make the server believe in another host or scheme.
  const address = new URL(url.pathname + url.search, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") {
      address.searchParams.set(name, String(value));
    }
  }
  return address;
}

/**
 * @param {URL} address
 * @param {RequestOptions} options
 * @param {string | null} session
 */
async function send(address, options, session) {
  const limit = AbortSignal.timeout(options.timeout ?? TIMEOUT);
  const signals = options.signal ? [options.signal, limit] : [limit];
  const askedAt = Date.now();
  try {
    const response = await fetch(address, {
      method: options.method ?? "GET",
      headers: headersFor(options, session),
      cache: options.etag === undefined ? "default" : "no-store",
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: "omit",
      signal: AbortSignal.any(signals),
    });
    if (!response.headers.has("X-Cached-At")) {
      learnServerTime(response.headers.get("Date"), askedAt);
    }
    return response;
  } catch (reason) {
    if (options.signal?.aborted) throw reason;
    throw limit.aborted ? timedOut() : offline();
  }
}

/**
 * @param {RequestOptions} options
 * @param {string | null} session
 */
function headersFor(options, session) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  if (options.etag) headers["If-None-Match"] = options.etag;
  if (session) headers["X-Session-Token"] = session;
  return headers;
}

/** @param {Response} response */
async function bodyOf(response) {
  if (!response.headers.get("Content-Type")?.includes("json")) return null;
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/**
 * @param {Response} response
 * @param {any} data
 */
function refusal(response, data) {
  const waits = Number(response.headers.get("Retry-After"));
  if (data && typeof data.code === "string") {
    return new ApiError({
      ...data,
      status: response.status,
      retry_after: data.retry_after ?? (waits || undefined),
    });
  }
  // django-allauth answers {"status", "errors": [{"message", "code", "param"}]}.
  const first = data?.errors?.[0];
  return new ApiError({
    status: response.status,
    code: first?.code ?? `http_${response.status}`,
    title: first?.message ?? t("Something went wrong on our side"),
    detail: first?.message ?? t("Please try again in a moment."),
    action: "retry",
    ...(waits ? { retry_after: waits } : {}),
    meta: { ...data?.meta, flows: data?.data?.flows },
  });
}

function offline() {
  return new ApiError({
    status: 0,
    code: "offline",
    title: t("No connection"),
    detail: t("Your phone cannot reach us right now."),
    action: "retry",
  });
}

function timedOut() {
  return new ApiError({
    status: 0,
    code: "timeout",
    title: t("No answer yet"),
    detail: t("We took too long to answer."),
    action: "retry",
  });
}

/**
 * What to show for anything that was thrown.
 * @param {unknown} reason
 * @returns {ApiError}
 */
export function asApiError(reason) {
  if (reason instanceof ApiError) return reason;
  console.error(reason);
  return new ApiError({
    status: 0,
    code: "client",
    title: t("Something went wrong in the app"),
    detail: t("Please try again."),
    action: "retry",
  });
}
