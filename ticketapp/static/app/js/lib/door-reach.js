/**
 * Whether the server can be reached from the door. After a request without answer it is
 * taken as out of reach for a while, so that the queue does not wait for each scan.
 */
const OUT_FOR = 30_000;

let outUntil = 0;

export const isOutOfReach = () => !navigator.onLine || Date.now() < outUntil;

export function missed() {
  outUntil = Date.now() + OUT_FOR;
}

export function reached() {
  outUntil = 0;
}
