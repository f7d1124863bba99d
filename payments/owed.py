"""What cancelling an event gives back, in words: inventory's admin shows it before."""

from django.urls import reverse

from events.models import Event
from inventory.owed import Owed
from payments import services
from payments.money import in_words


def owed_for(event: Event) -> Owed:
    page = reverse("admin:payments_calledoffevent_change", args=[event.pk])
    return Owed(told=tuple(_told(services.what_goes_back(event))), page=page)


def _told(found: services.ToGiveBack) -> list[str]:
    if not found.orders:
        told = ["Nothing goes back: there is no paid order."]
    else:
        amounts = [in_words(each, code) for code, each in found.amounts.items()]
        buyers = counted(found.people, "person", "people")
        orders = counted(found.orders, "order", "orders")
        told = [f"{' and '.join(amounts)} goes back to {buyers}, for {orders}."]
    if found.disputed:
        left = counted(found.disputed, "disputed order", "disputed orders")
        told.append(f"Besides, {left}: the bank decides, nothing goes back from here.")
    if found.pending:
        begun = counted(found.pending, "order", "orders")
        told.append(
            f"{begun} being paid just now: closed, or given back if the money comes."
        )
    return told


def counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
