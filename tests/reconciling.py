"""How tests compare our books with the provider's, and what they find there."""

from datetime import timedelta
from io import StringIO

from django.core.management import CommandError, call_command
from django.utils import timezone

from payments.models import Incident, Order, ReconcileRun
from tests.paying import challenged, held, paid


def paid_tonight(tonight, *card) -> Order:
    return paid(*card, now=timezone.now(), event=tonight)


def challenged_tonight(tonight) -> Order:
    """An order whose bank asks the buyer first."""
    now = timezone.now()
    return challenged(held(event=tonight, now=now), now=now)


def reconcile(*arguments: str, minutes: int = 10) -> str:
    out = StringIO()
    at = (timezone.now() + timedelta(minutes=minutes)).isoformat()
    call_command("reconcile", "--at", at, *arguments, stdout=out)
    return out.getvalue()


def differences(*arguments: str, minutes: int = 10) -> list[str]:
    """The kinds of difference found; the command fails if any is left."""
    try:
        reconcile(*arguments, minutes=minutes)
    except CommandError:
        assert Incident.objects.filter(kind="reconcile").exists()
    return [found["kind"] for found in ReconcileRun.objects.latest("pk").differences]
