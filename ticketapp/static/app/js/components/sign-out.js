/** Signing out: what was scanned here without network is sent first. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { t, tn } from "../lib/i18n.js";
import { isOwn, keptScans, sendAllAgain } from "../lib/kept-scans.js";
import { signOut } from "../lib/session.js";

export function SignOut() {
  const [left, setLeft] = useState(0);
  const [isSending, setSending] = useState(false);
  const unsent = () => keptScans.get().filter(isOwn).length;
  const leave = async () => {
    if (unsent() > 0 && left === 0) {
      setSending(true);
      await sendAllAgain();
      setSending(false);
      setLeft(unsent());
    }
    if (left > 0 || unsent() === 0) await signOut();
  };
  const words = left > 0 ? t("Sign out all the same") : t("Sign out");
  return html`
    <section class="block">
      ${left > 0 &&
      html`<p role="alert">${tn(left, "{n} scan of the door could not be sent yet. It stays on this phone, and is sent once you sign in here again.", "{n} scans of the door could not be sent yet. They stay on this phone, and are sent once you sign in here again.")}</p>`}
      <button type="button" class="button wide" disabled=${isSending} onClick=${leave}>
        ${isSending ? t("Sending what was scanned…") : words}
      </button>
      <p class="quiet">${t("Signing out also removes your tickets from this device.")}</p>
    </section>
  `;
}
