/**
 * The event's live numbers over one socket. Only while the page is looked at:
 * a hidden tab is not somebody looking.
 */
import { useEffect, useState } from "preact/hooks";

import { newId } from "./ids.js";
import { createKeptStore } from "./store.js";
import { token } from "./token.js";

/** @typedef {import("../../types").Snapshot} Snapshot */

const BEAT = 20_000;
const LONGEST_PAUSE = 60_000;
/** A count older than this says nothing about now. */
const STALE = 30_000;

const viewer = createKeptStore("localStorage", "viewer", "");

/** A random id of this device, so that two tabs are one person looking. */
function viewerId() {
  if (!viewer.get()) viewer.set(newId());
  return viewer.get();
}

/**
 * The last snapshot, or null when there is none that is fresh.
 * @param {string} eventId
 * @returns {Snapshot | null}
 */
export function useLive(eventId) {
  const [snapshot, setSnapshot] = useState(/** @type {Snapshot | null} */ (null));
  useEffect(() => {
    setSnapshot(null);
    return watch(eventId, setSnapshot);
  }, [eventId]);
  return snapshot;
}

/**
 * @param {string} eventId
 * @param {(snapshot: Snapshot | null) => void} show
 * @returns {() => void} stops it
 */
function watch(eventId, show) {
  /** @type {WebSocket | null} */
  let socket = null;
  let pause = 1_000;
  /** @type {number | undefined} */
  let retry;
  /** @type {number | undefined} */
  let beat;
  let isStopped = false;
  let session = token.get();

  function open() {
    if (isStopped || document.hidden || socket) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/ws/events/${eventId}`);
    socket.onopen = greet;
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = again;
  }

  function greet() {
    pause = 1_000;
    say({ type: "hello", token: session, viewer: viewerId() });
    beat = setInterval(() => say({ type: "beat" }), BEAT);
  }

  /** @param {Record<string, unknown>} frame */
  function say(frame) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  /** @param {any} frame */
  function hear(frame) {
    if (frame.type === "snapshot") show(frame);
    if (frame.type !== "error") return;
    // A session that has ended may look on as a stranger; an unknown event
    // stays unknown, however often one asks.
    if (frame.code === "not_authenticated" && session) session = null;
    else if (frame.code !== "no_hello") isStopped = true;
  }

  function again() {
    socket = null;
    clearInterval(beat);
    clearTimeout(retry);
    retry = setTimeout(() => {
      show(null);
      open();
    }, pause * (0.75 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  function lookAway() {
    if (!document.hidden) return open();
    clearTimeout(retry);
    socket?.close();
  }

  document.addEventListener("visibilitychange", lookAway);
  open();
  return () => {
    isStopped = true;
    document.removeEventListener("visibilitychange", lookAway);
    clearTimeout(retry);
    clearInterval(beat);
    if (socket) {
      socket.onclose = null;
      socket.close();
    }
  };
}

/**
 * "12", "about 120", or nothing: too few, too old or switched off.
 * @param {Snapshot | null} snapshot
 * @param {number} now  the server's time
 */
export function viewersShown(snapshot, now) {
  if (!snapshot || snapshot.viewers === null) return null;
  if (now - Date.parse(snapshot.at) > STALE) return null;
  return { count: snapshot.viewers, isAbout: snapshot.viewers_about };
}
