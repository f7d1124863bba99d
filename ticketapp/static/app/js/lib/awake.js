/** The screen stays on where a dark one would hold up a queue. */
import { useEffect } from "preact/hooks";

/** Keep the screen on for as long as this is shown, where the browser can. */
export function useScreenOn() {
  useEffect(() => {
    /** @type {{release: () => Promise<void>} | undefined} */
    let lock;
    const hold = async () => {
      if (!document.hidden) lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
    };
    void hold();
    document.addEventListener("visibilitychange", hold);
    return () => {
      document.removeEventListener("visibilitychange", hold);
      void lock?.release();
    };
  }, []);
}
