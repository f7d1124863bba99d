"""A second opinion: what must be true, worked out by hand from raw rows.

Nothing here uses the SQL of `audit` or the services' own sums. A memory goes
along with the program, so that it also sees what no single state can show: that
a ticket changed hands, a price rose, or money moved without a reason.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from uuid import UUID

from inventory.models import Hold, Override, Ticket, WaitlistEntry
from payments import services as payments
from payments.gateways import GatewayUnavailable
from payments.models import LedgerEntry, Order, OrderLine, Refund, StripeEvent
from tests.properties.provider import Account, Books
from tests.properties.world import LIMIT, World

OWNED = ("sold", "checked_in")
LIVE = ("active", "paying")
# Why a job may keep an event for later; all else is a bug that it has met.
PATIENCE = (
    "No payment here",
    "No card setup here",
    "The provider refuses to show it",
    GatewayUnavailable.message,
    payments.PaymentUnknown.message,
)


class View:
    """Everything as it is after one step, read with plain queries."""

    def __init__(self, world: World) -> None:
        names = world.people.names
        self.tickets = list(Ticket.objects.all())
        self.holds = {hold.pk: hold for hold in Hold.objects.all()}
        self.orders = sorted(
            Order.objects.select_related("hold", "user", "event"),
            key=lambda order: (order.created_at, names[order.user_id], order.pk),
        )
        self.type_names = world.type_names
        self.entries = sorted(
            WaitlistEntry.objects.all(),
            key=lambda entry: (entry.joined_at, names[entry.user_id], entry.pk),
        )
        self.lines = list(OrderLine.objects.order_by("pk"))
        self.refunds = list(Refund.objects.order_by("created_at", "pk"))
        self.ledger: dict[str, list[int]] = defaultdict(list)
        for order_id, amount in LedgerEntry.objects.values_list("order_id", "amount"):
            self.ledger[str(order_id)].append(amount)
        self.books = Books.read()
        self.accounts: dict[str, Account] = self.books.accounts()

    def taken(self, names: Collection[str]) -> int:
        """How many tickets of these types are in somebody's hands."""
        return sum(
            ticket.status in ("held", *OWNED)
            and self.type_names[ticket.ticket_type_id] in names
            for ticket in self.tickets
        )

    def live_holds(self, *statuses: str) -> list[Hold]:
        live = [hold for hold in self.holds.values() if hold.status in statuses]
        return sorted(live, key=lambda hold: (hold.created_at, hold.pk))

    def buyer_of(self, ticket: Ticket) -> UUID | None:
        return self.holds[ticket.hold_id].user_id if ticket.hold_id else None

    def orders_with(self, *statuses: str) -> list[Order]:
        return [order for order in self.orders if order.status in statuses]

    def charged(self, user_id: UUID) -> int:
        """All that a buyer's cards were ever charged, refunded or not."""
        own = [str(order.pk) for order in self.orders if order.user_id == user_id]
        return sum(self.accounts[key].charged for key in own if key in self.accounts)


class Memory:
    """What was seen so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.owners: dict[UUID, UUID] = {}
        self.retired: set[UUID] = set()
        self.admitted: set[UUID] = set()
        self.totals: dict[UUID, int] = {}
        # What was taken in the dashboard of an order's cancelled intents.
        self.by_hand: dict[str, list[int]] = defaultdict(list)
        self.most_under_cap = 0

    def complaints(self, view: View) -> Iterator[str]:
        """What is wrong now, or cannot have come about rightly."""
        yield from self._about_hands(view)
        yield from self._about_stock(view)
        yield from self._about_prices(view)
        yield from self._about_money(view)
        yield from _about_jobs()

    def _about_hands(self, view: View) -> Iterator[str]:
        for ticket in view.tickets:
            buyer = view.buyer_of(ticket)
            if ticket.pk in self.retired and ticket.status != "returned":
                yield f"A returned ticket is {ticket.status} again"
            if ticket.pk in self.owners and ticket.status not in (*OWNED, "returned"):
                yield f"A ticket that was sold is {ticket.status}"
            if ticket.status in OWNED and (
                self.owners.setdefault(ticket.pk, buyer) != buyer
            ):
                yield "A sold ticket changed hands"
            if ticket.status == "returned":
                self.retired.add(ticket.pk)
            if ticket.pk in self.admitted and ticket.status != "checked_in":
                yield f"A ticket that let somebody in is {ticket.status}"
        named = Counter(line.ticket_id for line in view.lines)
        if any(times > 1 for times in named.values()):
            yield "Two orders have the same ticket"

    def _about_stock(self, view: View) -> Iterator[str]:
        stock: dict[str, Counter] = defaultdict(Counter)
        hands: Counter = Counter()
        for ticket in view.tickets:
            stock[self.world.type_names[ticket.ticket_type_id]][ticket.status] += 1
            if ticket.status in ("held", *OWNED):
                hands[view.buyer_of(ticket)] += 1
        for name, capacity in self.world.capacity.items():
            states = ("available", "held", *OWNED)
            present = sum(stock[name][state] for state in states)
            overbooked = present > capacity and not stock[name]["available"]
            if present != capacity and not overbooked:
                yield f"{present} tickets of {name} instead of {capacity}"
            yield from self._about_overbooking(name, present - capacity)
        yield from self._about_the_cap(view)
        for user_id, tickets in hands.items():
            if tickets > LIMIT:
                yield f"{self.world.people.names[user_id]} has {tickets} tickets"

    def _about_overbooking(self, name: str, excess: int) -> Iterator[str]:
        """Only staff overbook; from then on it only gets better."""
        decided = Override.objects.filter(
            ticket_type=self.world.types[name], closed_at=None
        )
        if excess > 0 and not decided.exists():
            yield f"{excess} too many tickets of {name}, and nobody decided it"

    def _about_the_cap(self, view: View) -> Iterator[str]:
        """Never above it, or above what was taken when staff decided to go below."""
        if self.world.cap is None:
            return
        names, capacity = self.world.cap
        taken = view.taken(names)
        if taken > self.most_under_cap:
            yield f"{taken} taken of {names} under a cap of {capacity}"
        self.most_under_cap = max(capacity, taken)

    def _about_prices(self, view: View) -> Iterator[str]:
        """A hold begins at today's price; from then on it never rises."""
        for hold in view.holds.values():
            name = self.world.type_names[hold.ticket_type_id]
            today = self.world.price(name, self.world.now) * hold.quantity
            if hold.pk not in self.totals:
                self.totals[hold.pk] = hold.total_amount
                # Tickets that are taken again for money keep the price of old.
                if hold.total_amount != today and hold.status != "converted":
                    yield f"{hold.quantity} of {name} cost {hold.total_amount}"
            elif hold.total_amount > self.totals[hold.pk]:
                yield f"A hold rose to {hold.total_amount}"
            elif hold.total_amount < min(self.totals[hold.pk], today):
                yield f"A hold fell to {hold.total_amount}, below the price"

    def _about_money(self, view: View) -> Iterator[str]:
        """The provider is right; our ledger may be late, and never ahead."""
        for order_id, account in view.accounts.items():
            if account.charges > 1 + len(self.by_hand[order_id]):
                yield f"Order {order_id} was charged {account.charges} times"
            if sum(account.movements) < 0:
                yield f"Order {order_id} cost us {sum(account.movements)}"
        for order_id, entries in view.ledger.items():
            if Counter(entries) - Counter(view.accounts[order_id].movements):
                yield f"The ledger of {order_id} says {entries}, the provider does not"
        for order in view.orders_with("paid", "partly_refunded", "refunded"):
            charged = view.accounts[str(order.pk)].charged
            by_hand = self.by_hand[str(order.pk)]
            if charged - order.amount not in _sums_of_some(by_hand):
                yield f"An order of {order.amount} was paid with {charged}"


def _sums_of_some(amounts: list[int]) -> set[int]:
    """What may come besides what an order costs: it is to go back."""
    sums = {0}
    for amount in amounts:
        sums |= {amount + sum_ for sum_ in sums}
    return sums


def _about_jobs() -> Iterator[str]:
    """A job that meets a bug keeps the event and goes on: here it may not."""
    errors = StripeEvent.objects.exclude(error="").values_list("error", flat=True)
    yield from (error for error in errors if not error.startswith(PATIENCE))


def news_waits() -> bool:
    """Whether there is news that the provider has not let us act on so far."""
    waiting = StripeEvent.objects.filter(processed_at=None)
    return any(e.startswith(PATIENCE) for e in waiting.values_list("error", flat=True))


def complaints_at_rest(view: View) -> Iterator[str]:
    """Once everybody has heard everything, nothing may be left open or apart."""
    if live := view.live_holds(*LIVE):
        yield f"{len(live)} holds never end"
    if view.orders_with("pending"):
        yield "An order is pending for ever"
    refunds: dict[UUID, list[Refund]] = defaultdict(list)
    for refund in view.refunds:
        refunds[refund.payment.order_id].append(refund)
    for order in view.orders:
        account = view.accounts.get(str(order.pk), Account())
        # In sum only: a refund that came back before we heard of it moved nothing.
        if sum(view.ledger[str(order.pk)]) != sum(account.movements):
            yield (
                f"Order {order.pk}: the ledger says {view.ledger[str(order.pk)]}, "
                f"the provider {account.movements}"
            )
        yield from _about_worth(order, view, account, refunds[order.pk])


def _about_worth(
    order: Order, view: View, account: Account, refunds: list[Refund]
) -> Iterator[str]:
    """A buyer has what was paid for, or the money: unless somebody decided it."""
    disputed = any(
        view.books.order_of(d) == str(order.pk) for d in view.books.of("dispute")
    )
    unfinished = any(refund.status != "succeeded" for refund in refunds)
    if disputed or unfinished:
        return
    given = sum(
        refund.amount
        for refund in refunds
        if refund.reason in ("goodwill", "dashboard")
    )
    # Where only a rest went back, what was given before is part of the whole.
    given -= sum(
        sum(line.total_amount for line in refund.lines.all()) - refund.amount
        for refund in refunds
        if refund.unallocated and refund.reason != "dashboard"
    )
    lines = [line for line in view.lines if line.order_id == order.pk]
    named = {
        line.pk for r in refunds if r.reason != "goodwill" for line in r.lines.all()
    }
    kept = sum(
        line.total_amount
        for line in lines
        if not line.returned_at and line.pk not in named
    )
    good = {ticket.pk for ticket in view.tickets if ticket.status == "sold"}
    if sum(line.ticket_id in good and line.pk in named for line in lines):
        yield f"Order {order.pk} ({order.status}): paid back, and its tickets are good"
    if sum(account.movements) != kept - given:
        yield (
            f"Order {order.pk} ({order.status}): {sum(account.movements)} was kept "
            f"for tickets worth {kept}, of which {given} was given back in goodwill"
        )
