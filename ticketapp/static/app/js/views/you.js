/** The person: name, messages, orders, this app; and the way out. */
import { useEffect, useId, useState } from "preact/hooks";

import { KeptCards } from "../components/kept-cards.js";
import { HowWeCount } from "../components/live-line.js";
import { LookingSwitch } from "../components/looking-switch.js";
import { SignIn } from "../components/sign-in.js";
import { SignOut } from "../components/sign-out.js";
import { html } from "../html.js";
import { api, asApiError } from "../lib/api.js";
import { useNow } from "../lib/clock.js";
import { formatMoney } from "../lib/format.js";
import { joined, t, tn } from "../lib/i18n.js";
import { install, installOffer } from "../lib/install.js";
import { useResource } from "../lib/resource.js";
import { loadMe, me, saveMe, signedIn } from "../lib/session.js";
import { useStore } from "../lib/store.js";
import { isLive } from "../lib/waiting.js";
import { momentWords } from "../lib/when.js";

/** @typedef {import("../../types").Order} Order */
/** @typedef {import("../../types").InboxItem} InboxItem */

export function YouView() {
  const isSignedIn = useStore(signedIn);
  return html`
    <h1 class="screen-title" tabindex="-1">${t("You")}</h1>
    <div class="narrow">
      ${isSignedIn ? html`<${SignedIn} />` : html`<p>${t("Sign in to buy tickets and to see yours.")}</p><${SignIn} />`}
      <${About} />
    </div>
  `;
}

function SignedIn() {
  const person = useStore(me);
  useEffect(() => void loadMe().catch(() => null), []);
  return html`
    <section class="block">
      <p class="quiet">${t("Signed in as")}</p>
      <p><strong>${person?.email ?? ""}</strong></p>
      ${person?.is_staff && html`<${StaffLinks} />`}
      <${NameForm} key=${person?.id ?? ""} name=${person?.name ?? ""} />
    </section>
    <${Inbox} />
    <${Waiting} />
    <${Orders} />
    <${KeptCards} />
    <${LookingSwitch} />
    <${SignOut} />
  `;
}

/** The door is for those who work at a venue; the other pages say themselves who may. */
function StaffLinks() {
  const { data } = useResource("/me/venues");
  return html`
    ${data?.results.length > 0 && html`<p><a class="button wide" href="/door">${t("Scan tickets at the door")}</a></p>`}
    <p><a class="link" href="/admin/" target="_self">${t("Venue and staff pages")}</a></p>
  `;
}

/** @param {{name: string}} props */
function NameForm({ name }) {
  const id = useId();
  const [text, setText] = useState(name);
  const [said, setSaid] = useState("");
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    try {
      await saveMe({ name: text.trim() });
      setSaid(t("Saved"));
    } catch (reason) {
      const error = asApiError(reason);
      setSaid(error.errors[0]?.message ?? error.message);
    }
  };
  return html`
    <form class="inline-form" onSubmit=${submit}>
      <label class="field" for=${id}>
        <span>${t("Name on your tickets")}</span>
        <input
          id=${id}
          type="text"
          name="name"
          autocomplete="name"
          maxlength="120"
          value=${text}
          onInput=${(/** @type {any} */ event) => {
            setText(event.target.value);
            setSaid("");
          }}
        />
      </label>
      <button type="submit" class="button" disabled=${text.trim() === name}>${t("Save")}</button>
    </form>
    <p class="quiet" role="status">${said}</p>
  `;
}

function Inbox() {
  const { data, error, set } = useResource("/notifications");
  const now = useNow(60_000);
  /** @type {InboxItem[]} */
  const items = data?.results ?? [];
  const unread = items.filter((item) => !item.read_at).length;
  /** @param {InboxItem} item */
  const read = async (item) => {
    if (item.read_at) return;
    const results = items.map((other) =>
      other.id === item.id ? { ...other, read_at: new Date(now).toISOString() } : other,
    );
    set({ ...data, results });
    await api(`/notifications/${item.id}/read`, { method: "POST" }).catch(() => null);
  };
  if (error) return null;
  return html`
    <section class="block" aria-labelledby="inbox-title">
      <h2 id="inbox-title" class="section-title">
        ${t("Messages")}
        ${unread > 0 && html`<span class="count">${tn(unread, "{n} new", "{n} new")}</span>`}
      </h2>
      ${data && items.length === 0 && html`<p class="quiet">${t("Nothing yet.")}</p>`}
      <ul class="rows">
        ${items.map(
          (item) => html`
            <li key=${item.id}>
              <details class="row" onToggle=${() => read(item)}>
                <summary>
                  <span class=${item.read_at ? "" : "is-new"}>${item.title}</span>
                  <span class="quiet">${item.sent_at && momentWords(item.sent_at, now)}</span>
                </summary>
                <p class="as-written">${item.body}</p>
                ${item.link && html`<p><a class="link" href=${item.link}>${t("Open")}</a></p>`}
              </details>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

function Waiting() {
  const { data } = useResource("/waitlist-entries");
  /** @type {import("../../types").WaitlistEntry[]} */
  const entries = (data?.results ?? []).filter(isLive);
  if (entries.length === 0) return null;
  return html`
    <section class="block">
      <h2 class="section-title">${t("Waiting for")}</h2>
      <ul class="rows">
        ${entries.map(
          ({ id, event, offer }) => html`
            <li key=${id}>
              <a class="row" href=${`/events/${event.id}`}>
                <span>${event.name}</span>
                <span class="quiet">${offer ? t("Tickets are set aside for you") : t("On the waitlist")}</span>
              </a>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

function Orders() {
  const { data, error } = useResource("/orders");
  /** @type {Order[]} */
  const orders = data?.results ?? [];
  if (error) return null;
  return html`
    <section class="block">
      <h2 class="section-title">${t("Orders")}</h2>
      ${data && orders.length === 0 && html`<p class="quiet">${t("Nothing yet.")}</p>`}
      <ul class="rows">
        ${orders.map(
          (order) => html`
            <li key=${order.id}>
              <a class="row" href=${`/orders/${order.id}`}>
                <span>${order.event.name}</span>
                <span class="quiet">${joined([statusWords(order), formatMoney(order.total)], " · ")}</span>
              </a>
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

/** @param {Order} order */
function statusWords(order) {
  const words = {
    pending: t("Not paid yet"),
    paid: t("Paid"),
    partly_refunded: t("Partly refunded"),
    refunded: t("Refunded"),
    cancelled: t("Cancelled"),
  };
  return words[order.status];
}

function About() {
  const offer = useStore(installOffer);
  return html`
    <section class="block">
      <h2 class="section-title">${t("This app")}</h2>
      ${offer &&
      html`<p><button type="button" class="button" onClick=${install}>${t("Install on this device")}</button></p>`}
      <details class="disclosure">
        <summary>${t("How we count")}</summary>
        <${HowWeCount} />
      </details>
      <details class="disclosure">
        <summary>${t("Where you are")}</summary>
        <p>${t("Your position is asked for only when you tap, rounded to about 100 metres before it leaves the phone, kept on this device only, and never stored with your account.")}</p>
      </details>
    </section>
  `;
}
