"""What the admin's theme asks of us: settings.UNFOLD names these functions."""

from django.conf import settings
from django.http import HttpRequest


def environment(request: HttpRequest) -> tuple[str, str] | None:
    """A badge that tells the demo, and sandbox money, from the real thing."""
    if settings.DEBUG:
        return "Demo", "info"
    if settings.PAYMENT_SANDBOX:
        return "Sandbox payments", "warning"
    return None
