/** A dialog: from the bottom edge on a phone, in the middle on a wide screen. */
import { useEffect, useId, useRef } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../lib/i18n.js";
import { Icon } from "./icon.js";

/**
 * The browser's own dialog keeps the focus inside and closes on Escape; pressed
 * twice in a row, some close it without asking first.
 * @param {{
 *   title: string,
 *   onClose: () => void,
 *   children?: unknown,
 *   wide?: boolean,
 *   isAside?: boolean,
 * }} props  isAside: out of the way, as it is, while something else has the screen
 */
export function Sheet({ title, onClose, children, wide = false, isAside = false }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isShown = useRef(false);
  const titleId = useId();
  useEffect(() => {
    const own = dialog.current;
    if (isAside || !own) return;
    const opener = document.activeElement;
    own.showModal();
    isShown.current = true;
    const first = own.querySelector("[data-first]");
    if (first instanceof HTMLElement) first.focus();
    const page = document.documentElement;
    page.classList.toggle("has-bar", innerWidth > page.clientWidth);
    page.classList.add("has-sheet");
    return () => {
      isShown.current = false;
      own.close();
      if (!document.querySelector("dialog[open]")) page.classList.remove("has-sheet", "has-bar");
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, [isAside]);
  /** @param {MouseEvent} click */
  const closeOutside = (click) => {
    if (click.target === dialog.current) onClose();
  };
  return html`
    <dialog
      class=${wide ? "sheet sheet-wide" : "sheet"}
      ref=${dialog}
      aria-labelledby=${titleId}
      onCancel=${(/** @type {Event} */ event) => {
        event.preventDefault();
        onClose();
      }}
      onClose=${() => isShown.current && onClose()}
      onMouseDown=${closeOutside}
    >
      <div class="sheet-body">
        <header class="sheet-head">
          <h2 id=${titleId}>${title}</h2>
          <button type="button" class="plain round" onClick=${onClose} aria-label=${t("Close")}>
            <${Icon} name="close" />
          </button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
}
