"""A refusal of the provider that no buyer can mend reaches staff, whoever met it."""

from collections.abc import Iterator
from contextlib import contextmanager

from payments.gateways import CustomerGone, GatewayMisconfigured, GatewayRefused
from payments.models import IncidentKind
from payments.services import books

NOT_LET_IN = (
    "The payment provider does not let us in ({reason}): no card is charged and no "
    "refund paid until that is put right. Look at STRIPE_SECRET_KEY and the account."
)
NOT_KEPT = (
    "The provider refuses to keep a buyer's card, or to forget one ({reason}). Look "
    "the call up in the provider's log."
)
NOT_KNOWN = (
    "The provider does not know a customer that it made for us, and does not say that "
    "it was deleted either ({reason}). Is STRIPE_SECRET_KEY that of another account? "
    "Kept cards do not pay until that is put right."
)


@contextmanager
def staff_are_told() -> Iterator[None]:
    """Around making a customer, keeping a card and forgetting one."""
    try:
        yield
    except GatewayRefused as refusal:
        tell_refused(refusal)
        raise


def tell_refused(refusal: GatewayRefused) -> None:
    """Once for each reason, and again if it was dealt with and is back."""
    if isinstance(refusal, GatewayMisconfigured):
        tell_not_let_in(refusal)
        return
    told = NOT_KNOWN if isinstance(refusal, CustomerGone) else NOT_KEPT
    books.report(
        IncidentKind.PROVIDER_REFUSES,
        order=None,
        detail=told.format(reason=refusal.reason),
        dedupe_key=f"{type(refusal).__name__}:{refusal.reason}",
        again=True,
    )


def tell_not_let_in(refusal: GatewayRefused) -> None:
    """Once, however many calls meet it; again if it was dealt with and is back."""
    books.report(
        IncidentKind.NOT_LET_IN,
        order=None,
        detail=NOT_LET_IN.format(reason=refusal.reason),
        dedupe_key=refusal.reason,
        again=True,
    )
