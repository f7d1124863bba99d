/** Whether this person is told how many others are looking. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { me, saveMe } from "../lib/session.js";
import { useStore } from "../lib/store.js";

export function LookingSwitch() {
  const person = useStore(me);
  const [said, setSaid] = useState("");
  // What was just chosen shows at once, and goes back if it could not be saved.
  const [chosen, setChosen] = useState(/** @type {boolean | null} */ (null));
  if (!person) return null;
  /** @param {{currentTarget: HTMLInputElement}} event */
  const change = async ({ currentTarget }) => {
    const { checked } = currentTarget;
    setChosen(checked);
    try {
      await saveMe({ show_viewer_counts: checked });
      setSaid(t("Saved"));
    } catch (reason) {
      setSaid(asApiError(reason).message);
    }
    setChosen(null);
  };
  // A person this device has kept from before does not say: then it is on.
  const isOn = chosen ?? person.show_viewer_counts !== false;
  return html`
    <section class="block">
      <h2 class="section-title">${t("What you are shown")}</h2>
      <label class="tick">
        <input
          type="checkbox"
          checked=${isOn}
          disabled=${chosen !== null}
          onChange=${change}
        />
        <span>${t("How many others are looking at an event")}</span>
      </label>
      <p class="quiet" role="status">${said}</p>
    </section>
  `;
}
