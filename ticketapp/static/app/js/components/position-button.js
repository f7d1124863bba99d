/** Asks the phone for its position, on a tap and never before. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { usePosition } from "../lib/place.js";
import { Icon } from "./icon.js";

/**
 * @param {{
 *   onFound?: () => void,
 *   onRefused?: (why: string) => void,
 *   className?: string,
 * }} props
 */
export function PositionButton({ onFound, onRefused, className = "button" }) {
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const ask = async () => {
    setAsking(true);
    setProblem("");
    try {
      await usePosition();
      onFound?.();
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : String(reason);
      if (onRefused) onRefused(why);
      else setProblem(why);
      setAsking(false);
    }
  };
  return html`
    <button type="button" class=${className} disabled=${isAsking} onClick=${ask}>
      <${Icon} name="locate" />
      ${isAsking ? t("Asking your phone…") : t("Use my position")}
    </button>
    ${problem && html`<p class="hint" role="alert">${problem}</p>`}
  `;
}
