/** An order: "You're in" when it is fresh, a receipt afterwards. */
import { useEffect } from "preact/hooks";

import { DisputeNews } from "../components/dispute-news.js";
import { EventNews } from "../components/event-news.js";
import { TopBar } from "../components/frame.js";
import { HandBack } from "../components/hand-back.js";
import { Icon } from "../components/icon.js";
import { Notice, Refusal } from "../components/notice.js";
import { SignIn } from "../components/sign-in.js";
import { html } from "../html.js";
import { isPaid } from "../lib/buying.js";
import { useNow } from "../lib/clock.js";
import { formatMoney, formatPrice } from "../lib/format.js";
import { joined, t, tn } from "../lib/i18n.js";
import { useResource } from "../lib/resource.js";
import { signedIn } from "../lib/session.js";
import { useStore } from "../lib/store.js";
import { keepTickets } from "../lib/tickets.js";
import { momentWords, whenInWords } from "../lib/when.js";

/** @typedef {import("../../types").Order} Order */

const POLL = 3_000;

/** @param {{route: import("../lib/router.js").Route}} props */
export function OrderView({ route }) {
  const isSignedIn = useStore(signedIn);
  const { data, error, reload } = useResource(
    isSignedIn ? `/orders/${route.params["id"]}` : null,
  );
  const isOpen = data?.status === "pending" && data.payment?.status === "processing";
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(reload, POLL);
    return () => clearInterval(timer);
  }, [isOpen]);
  return html`
    <${TopBar} fallback="/you" title=${t("Order")} />
    <div class="narrow">
      ${!isSignedIn && html`<h1 tabindex="-1">${t("Order")}</h1><${SignIn} />`}
      ${isSignedIn && error && !data && html`<${Refusal} error=${error} onRetry=${reload} level=${1} />`}
      ${isSignedIn && !data && !error && html`<p role="status">${t("Loading…")}</p>`}
      ${data && html`<${Loaded} order=${data} reload=${reload} />`}
    </div>
  `;
}

/** @param {{order: Order, reload: () => void}} props */
function Loaded({ order, reload }) {
  const now = useNow(30_000);
  const isFresh = Boolean(history.state?.justPaid);
  useEffect(() => {
    if (isPaid(order)) void keepTickets();
  }, [order.id]);
  return html`
    ${isFresh && order.status === "paid" && admits(order)
      ? html`<${YoureIn} order=${order} />`
      : html`<h1 tabindex="-1">${order.event.name}</h1>`}
    <p class="quiet">
      ${joined([whenInWords(order.event, now), order.event.venue.name], "\u00a0· ")}
    </p>
    ${order.dispute && html`<${DisputeNews} isLost=${order.dispute === "lost"} />`}
    ${isPaid(order) && !order.dispute && html`<${EventNews} event=${order.event} isGivenBack=${order.tickets.length === 0} isFree=${isFree(order)} />`}
    <${State} order=${order} />
    ${isPaid(order) && admits(order) && html`<${TicketLinks} order=${order} />`}
    ${order.can_hand_back && order.tickets.length > 0 && html`<${HandBack} order=${order} onDone=${reload} />`}
    <${Receipt} order=${order} now=${now} />
  `;
}

/**
 * Whether the door lets its tickets in.
 * @param {Order} order
 */
const admits = (order) =>
  order.tickets.length > 0 && !order.dispute && order.event.status !== "cancelled";

/** @param {Order} order */
const isFree = (order) => order.total.amount === 0;

/** @param {{order: Order}} props */
const YoureIn = ({ order }) => html`
  <section class="youre-in">
    <${Icon} name="check" />
    <h1 tabindex="-1">${t("You’re in")}</h1>
    <p>${order.event.name}</p>
  </section>
`;

/** @param {{order: Order}} props */
function State({ order }) {
  if (order.status === "pending" && order.payment?.status === "processing") {
    return html`<${Notice}
      title=${t("Your payment is on its way")}
      text=${t("Your bank has not answered yet. If it says yes, the tickets are yours; if it says no, you are not charged.")}
    />`;
  }
  if (order.status === "pending") {
    return html`<${Notice}
      title=${t("Not paid yet")}
      text=${t("No money has moved for this order so far.")}
      tone="needs"
    >
      ${order.hold && html`<a class="button" href=${`/checkout/${order.hold.id}`}>${t("Go on to pay")}</a>`}
    <//>`;
  }
  if (order.status === "cancelled" && order.refunds.length > 0) {
    return html`<${Notice}
      title=${t("Your payment goes back")}
      text=${t("It came when these tickets could not be given for it any more, so you have none. There is nothing you need to do.")}
    />`;
  }
  if (order.status === "cancelled") {
    return html`<${Notice} title=${t("Cancelled")} text=${t("This order was given up before it was paid.")} />`;
  }
  if (order.status === "refunded" && isFree(order)) {
    return html`<${Notice}
      title=${t("Given back")}
      text=${t("These tickets do not admit any more. They were free, so there is nothing to give back.")}
    />`;
  }
  if (order.status === "partly_refunded" && isFree(order)) {
    return html`<${Notice} title=${t("Partly given back")} text=${t("The lines below say which tickets were returned.")} />`;
  }
  if (order.status === "refunded") {
    return html`<${Notice}
      title=${t("Refunded")}
      text=${t("The money goes back to the card you paid with. Banks take up to ten days to show it.")}
    />`;
  }
  if (order.status === "partly_refunded") {
    return html`<${Notice} title=${t("Partly refunded")} text=${t("The lines below say which tickets were returned.")} />`;
  }
  return null;
}

/** @param {{order: Order}} props */
const TicketLinks = ({ order }) => html`
  <p class="ticket-links">
    <a class="button primary wide" href=${`/tickets/${[...order.tickets].sort()[0]}`}>
      ${tn(order.tickets.length, "Show your ticket", "Show your {n} tickets")}
    </a>
  </p>
`;

/** @param {{order: Order}} props */
function Refunds({ order }) {
  if (order.refunds.length === 0) return null;
  return html`
    <dl class="price-lines">
      ${order.refunds.map(
        (refund) => html`
          <div key=${refund.id}>
            <dt>
              ${t("Refund")}
              <span class="quiet">${refundWords(refund)}</span>
            </dt>
            <dd>${formatMoney(refund.amount)}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}

/** @param {Order["refunds"][number]} refund */
const refundWords = ({ status, replaced }) => {
  if (replaced) return t("given back by another refund instead");
  if (status === "succeeded") return t("sent to your bank, which may take up to ten days to show it");
  if (status === "failed") return t("did not reach your bank; we have been told, or ask support");
  return t("on its way");
};

/**
 * @param {Order} order
 * @param {string} time
 */
const whenPaid = (order, time) => (isFree(order) ? t("booked {time}", { time }) : t("paid {time}", { time }));

/** @param {Order["lines"][number]} line */
const feeWords = ({ fee }) =>
  fee.amount > 0 && t("incl. {fee} {name}", { fee: formatMoney(fee), name: fee.name || t("Booking fee") });

/** @param {{order: Order, now: number}} props */
function Receipt({ order, now }) {
  /** @param {number} amount */
  const money = (amount) => formatMoney({ amount, currency: order.total.currency });
  const tax = order.lines.reduce((sum, line) => sum + line.tax.amount, 0);
  return html`
    <h2 class="section-title">${t("Receipt")}</h2>
    <dl class="price-lines">
      ${order.lines.length === 0 &&
      html`<div>
        <dt>${tn(order.quantity, "{n} × {name}", "{n} × {name}", { name: order.ticket_type.name })}</dt>
        <dd>${formatMoney(order.total)}</dd>
      </div>`}
      ${order.lines.map(
        (line, at) => html`
          <div key=${line.ticket}>
            <dt>
              ${t("{name}, ticket {n}", { name: order.ticket_type.name, n: at + 1 })}
              <span class="quiet">
                ${joined([feeWords(line), line.returned && t("returned")], " · ")}
              </span>
            </dt>
            <dd>${money(line.total.amount)}</dd>
          </div>
        `,
      )}
      <div class="price-total">
        <dt>${t("Total")}</dt>
        <dd>${formatPrice(order.total)}</dd>
      </div>
      ${tax > 0 &&
      html`<div class="quiet">
        <dt>${t("of which {tax}", { tax: order.lines[0]?.tax.name || t("Tax") })}</dt>
        <dd>${money(tax)}</dd>
      </div>`}
    </dl>
    <${Refunds} order=${order} />
    <p class="quiet">
      ${joined(
        [
          t("Order {reference}", { reference: order.reference }),
          order.paid_at && whenPaid(order, momentWords(order.paid_at, now)),
        ],
        " · ",
      )}
    </p>
  `;
}
