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
  const [isSaving, setSaving] = useState(false);
  if (!person) return null;
  /** @param {{currentTarget: HTMLInputElement}} event */
  const change = async ({ currentTarget }) => {
    const wanted = currentTarget.checked;
    setSaving(true);
    try {
      await saveMe({ show_viewer_counts: wanted });
      setSaid(t("Saved"));
    } catch (reason) {
      currentTarget.checked = !wanted;
      setSaid(asApiError(reason).message);
    }
    setSaving(false);
  };
  return html`
    <section class="block">
      <h2 class="section-title">${t("What you are shown")}</h2>
      <label class="tick">
        <input
          type="checkbox"
          checked=${person.show_viewer_counts !== false}
          disabled=${isSaving}
          onChange=${change}
        />
        <span>${t("How many others are looking at an event")}</span>
      </label>
      <p class="quiet" role="status">${said}</p>
    </section>
  `;
}
