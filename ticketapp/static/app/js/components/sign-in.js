/** E-mail, code, and on where one was. The same way in for old and new people. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { asApiError } from "../lib/api.js";
import { config } from "../lib/config.js";
import { t } from "../lib/i18n.js";
import { confirmCode, pending, requestCode } from "../lib/session.js";
import { useStore } from "../lib/store.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../lib/api.js").ApiError} ApiError */

/** @param {{onClose: () => void, onDone: () => void, why?: string}} props */
export const SignInSheet = ({ onClose, onDone, why }) => html`
  <${Sheet} title=${t("Sign in")} onClose=${onClose}>
    ${why && html`<p>${why}</p>`}
    <${SignIn} onDone=${onDone} />
  <//>
`;

/** @param {{onDone?: () => void}} props */
export function SignIn({ onDone }) {
  const waiting = useStore(pending);
  return waiting
    ? html`<${CodeStep} email=${waiting.email} onDone=${onDone} />`
    : html`<${EmailStep} />`;
}

/** @param {() => Promise<unknown>} work */
function useSubmit(work) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  /** @param {Event} [event] */
  const submit = async (event) => {
    event?.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem("");
    try {
      await work();
    } catch (reason) {
      setProblem(signInWords(asApiError(reason)));
    }
    setBusy(false);
  };
  return { isBusy, problem, submit };
}

/** @param {ApiError} error */
function signInWords(error) {
  if (error.isOffline) return t("Your phone cannot reach us right now. Try again in a moment.");
  if (error.status === 429) return t("Too many tries. Wait a few minutes, then try again.");
  if (error.code === "incorrect_code") return t("That code is not right. Check the latest e-mail.");
  if (error.status === 409 || error.code === "code_expired") {
    return t("That code is too old. Have a new one sent.");
  }
  return error.errors[0]?.message ?? error.message;
}

function EmailStep() {
  const [email, setEmail] = useState("");
  const id = useId();
  const { isBusy, problem, submit } = useSubmit(() => requestCode(email.trim()));
  return html`
    <form class="form" onSubmit=${submit}>
      <label class="field" for=${id}>
        <span>${t("E-mail")}</span>
        <input
          id=${id}
          data-first
          type="email"
          name="email"
          required
          autocomplete="email"
          inputmode="email"
          autocapitalize="none"
          value=${email}
          aria-invalid=${problem ? "true" : null}
          aria-describedby=${`${id}-help`}
          onInput=${(/** @type {any} */ event) => setEmail(event.target.value)}
        />
      </label>
      <p id=${`${id}-help`} class="quiet">
        ${t("We send you a code. No password, and the same way for new and old accounts.")}
      </p>
      ${problem && html`<p class="hint" role="alert">${problem}</p>`}
      <button type="submit" class="button primary wide" disabled=${isBusy}>
        ${isBusy ? t("Sending…") : t("Send me a code")}
      </button>
    </form>
  `;
}

/** @param {{email: string, onDone: (() => void) | undefined}} props */
function CodeStep({ email, onDone }) {
  const [code, setCode] = useState("");
  const id = useId();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const confirm = useSubmit(async () => {
    await confirmCode(code.trim());
    onDone?.();
  });
  const again = useSubmit(() => requestCode(email));
  useEffect(() => input.current?.focus(), []);
  const problem = confirm.problem || again.problem;
  return html`
    <form class="form" onSubmit=${confirm.submit}>
      <p role="status">${t("We have sent a code to {email}.", { email })}</p>
      <label class="field" for=${id}>
        <span>${t("Code")}</span>
        <input
          id=${id}
          ref=${input}
          data-first
          class="code-input"
          type="text"
          name="code"
          required
          autocomplete="one-time-code"
          autocapitalize="characters"
          spellcheck=${false}
          value=${code}
          aria-invalid=${problem ? "true" : null}
          onInput=${(/** @type {any} */ event) => setCode(event.target.value)}
        />
      </label>
      ${problem && html`<p class="hint" role="alert">${problem}</p>`}
      ${config.debug &&
      html`<p class="demo">
        ${t("Demo: no mail leaves this machine.")}${" "}
        <a href=${`/dev/mail?to=${encodeURIComponent(email)}`} target="_blank" rel="noopener">
          ${t("Read your code at /dev/mail")}
        </a>
      </p>`}
      <button type="submit" class="button primary wide" disabled=${confirm.isBusy}>
        ${confirm.isBusy ? t("Checking…") : t("Go on")}
      </button>
      <p class="form-links">
        <button type="button" class="link" disabled=${again.isBusy} onClick=${() => again.submit()}>
          ${t("Send a new code")}
        </button>
        <button type="button" class="link" onClick=${() => pending.set(null)}>
          ${t("Use another e-mail")}
        </button>
      </p>
    </form>
  `;
}
