"""What a comparison puts on staff's list, and takes off it again."""

from collections.abc import Callable, Collection
from datetime import datetime

from django.db.models import F, Value
from django.db.models.functions import Concat

from payments.models import Incident, IncidentKind, Payment
from payments.services import books
from payments.services.differences import Difference

GONE = " (Closed by the comparison of {at:%Y-%m-%d %H:%M} UTC, which did not find it.)"
LONGEST = 180


def tell(difference: Difference) -> None:
    """Once for each, as it is now; and again if it was dealt with and still is."""
    payment = Payment.objects.filter(intent_id=difference.subject).first()
    books.report(
        IncidentKind.RECONCILE,
        order=payment.order if payment else None,
        detail=f"{difference.kind}: {difference.detail}",
        dedupe_key=_key(difference),
        again=True,
    )
    difference.told = True


def close_the_others(
    *,
    left: Collection[Difference],
    looked_at: Callable[[str, str], bool],
    now: datetime,
) -> None:
    """Close what is not `left` any more, of what was looked at: kinds and subjects."""
    still = {f"{IncidentKind.RECONCILE}:{_key(difference)}" for difference in left}
    listed = Incident.objects.open().filter(kind=IncidentKind.RECONCILE)
    gone = [
        pk
        for pk, key in listed.values_list("pk", "dedupe_key")
        if key not in still and looked_at(*key.split(":")[1:3])
    ]
    Incident.objects.open().filter(pk__in=gone).update(
        resolved_at=now, detail=Concat(F("detail"), Value(GONE.format(at=now)))
    )


def _key(difference: Difference) -> str:
    about = f":{difference.about}" if difference.about else ""
    return f"{difference.kind}:{difference.subject}{about}"[:LONGEST]
