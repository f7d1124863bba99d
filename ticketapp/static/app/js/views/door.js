/** The door: scan a code, see at once whether its bearer comes in. */
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { UnsentScans, WithoutNetwork } from "../components/door-network.js";
import { TopBar } from "../components/frame.js";
import { Notice, Refusal } from "../components/notice.js";
import { ScanAnswer } from "../components/scan-answer.js";
import { ScanCamera } from "../components/scan-camera.js";
import { SignIn } from "../components/sign-in.js";
import { html } from "../html.js";
import { useScreenOn } from "../lib/awake.js";
import { doorLists, listsInHand, useFreshLists } from "../lib/door-lists.js";
import { joined, t } from "../lib/i18n.js";
import { useResource } from "../lib/resource.js";
import { useScans } from "../lib/scans.js";
import { me, signedIn } from "../lib/session.js";
import { createKeptStore, useStore } from "../lib/store.js";

/** @typedef {import("../../types").StaffVenue} StaffVenue */

/** What this door is called; the next shift finds it filled in. */
const gate = createKeptStore("localStorage", "gate", "");

export function DoorView() {
  const isSignedIn = useStore(signedIn);
  const { data, error, reload } = useResource(isSignedIn ? "/me/venues" : null);
  useFreshLists(isSignedIn);
  const isLookingForThem = useStore(doorLists) === undefined;
  // Until the server says something else it is where one worked a moment ago.
  const isUnknown = isSignedIn && !data && (!error || error.isUncertain);
  const known = isUnknown ? listsInHand()?.venues : null;
  /** @type {StaffVenue[]} */
  const venues = data?.results ?? known ?? [];
  return html`
    <${TopBar} fallback="/you" title=${t("Door")} />
    <h1 class="screen-title" tabindex="-1">${t("At the door")}</h1>
    ${!isSignedIn &&
    html`<div class="narrow">
      <p>${t("For staff of a venue. Sign in with the e-mail address that your venue knows.")}</p>
      <${SignIn} />
    </div>`}
    ${isSignedIn && error && !isLookingForThem && venues.length === 0 && html`<${Refusal} error=${error} onRetry=${reload} />`}
    ${isSignedIn && !data && (!error || isLookingForThem) && venues.length === 0 && html`<p role="status" class="quiet">${t("Loading…")}</p>`}
    ${data && venues.length === 0 && html`<${NotStaff} />`}
    ${venues.length > 0 && html`<${Scanning} venues=${venues} />`}
  `;
}

function NotStaff() {
  const person = useStore(me);
  return html`
    <${Notice}
      title=${t("You are not on the staff of a venue")}
      text=${t("Codes are checked by the people at the door. If you work there, ask the venue’s manager to add {email} to its staff; then open this page again.", { email: person?.email ?? t("your e-mail address") })}
    >
      <a class="button" href="/tickets">${t("See your tickets")}</a>
    <//>
  `;
}

/** @param {{venues: StaffVenue[]}} props */
function Scanning({ venues }) {
  const place = useStore(gate);
  const { scan, start, giveUp, sendNow } = useScans(place.trim());
  useScreenOn();
  return html`
    <p class="quiet">${t("Tickets of {venues}", { venues: joined(venues.map(({ name }) => name), ", ") })}</p>
    <${UnsentScans} />
    <div class="door">
      <${ScanAnswer} scan=${scan} onSendNow=${sendNow} onGiveUp=${giveUp} />
      <div class="door-ways">
        <${ScanCamera} onCode=${start} />
        <${CodeField} onCode=${start} />
        <${GateField} />
        <${WithoutNetwork} />
      </div>
    </div>
  `;
}

/**
 * Typed, pasted, or typed by a scanner that believes to be a keyboard.
 * @param {{onCode: (code: string) => boolean}} props
 */
function CodeField({ onCode }) {
  const id = useId();
  const [text, setText] = useState("");
  const [hint, setHint] = useState("");
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => catchKeys(input), []);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    const isTaken = onCode(text);
    setHint(isTaken || !text.trim() ? "" : t("The scan before has no answer yet. Send or forget it first."));
    if (isTaken) setText("");
    // What comes next takes the place of what could not be sent.
    else input.current?.select();
  };
  return html`
    <form class="inline-form" onSubmit=${submit}>
      <label class="field" for=${id}>
        <span>${t("Enter the code")}</span>
        <input
          id=${id}
          ref=${input}
          type="text"
          name="code"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck=${false}
          enterkeyhint="go"
          value=${text}
          aria-describedby=${`${id}-help`}
          onInput=${(/** @type {any} */ event) => setText(event.target.value)}
        />
      </label>
      <button type="submit" class="button">${t("Check")}</button>
    </form>
    <p id=${`${id}-help`} class="quiet">${t("Paste it, or use a scanner that types: it ends with Enter.")}</p>
    ${hint && html`<p class="hint" role="alert">${hint}</p>`}
  `;
}

/**
 * A scanner types wherever the focus happens to be: lead it into the field.
 * @param {{current: HTMLInputElement | null}} input
 */
function catchKeys(input) {
  /** @param {KeyboardEvent} press */
  const lead = (press) => {
    const isText = press.key.length === 1 && press.key !== " ";
    if (!isText || press.ctrlKey || press.metaKey || press.altKey) return;
    if (!(document.activeElement instanceof HTMLInputElement)) input.current?.focus();
  };
  document.addEventListener("keydown", lead);
  return () => document.removeEventListener("keydown", lead);
}

function GateField() {
  const id = useId();
  const name = useStore(gate);
  return html`
    <label class="field" for=${id}>
      <span>${t("Name of this door")}</span>
      <input
        id=${id}
        type="text"
        name="gate"
        autocomplete="off"
        maxlength="80"
        value=${name}
        aria-describedby=${`${id}-help`}
        onInput=${(/** @type {any} */ event) => gate.set(event.target.value)}
      />
    </label>
    <p id=${`${id}-help`} class="quiet">${t("Such as “Main entrance”. Whoever scans a ticket again is told where it came in.")}</p>
  `;
}
