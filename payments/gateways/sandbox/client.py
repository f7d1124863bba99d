"""The line to the sandbox: an HTTP client of Stripe's library without a wire."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe
from django.conf import settings
from django.utils import timezone

from payments.gateways.sandbox import api
from payments.gateways.sandbox.switches import switches


class SandboxClient(stripe.HTTPClient):
    """What `SANDBOX_LATENCY_MS` and the switches do to the line, they do here."""

    name = "sandbox"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        address = urlsplit(url)
        call = f"{method.upper()} {address.path}"
        _cut_line("before", call)
        if settings.SANDBOX_LATENCY_MS:
            time.sleep(settings.SANDBOX_LATENCY_MS / 1000)
        if refused := _refusal(call):
            return refused
        answer = api.answer(
            method.upper(),
            address.path,
            post_data or address.query,
            headers or {},
            now=timezone.now(),
        )
        _cut_line("after", call)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def _cut_line(moment: str, call: str) -> None:
    for outage in switches.outages:
        if outage.moment == moment and outage.hits(call):
            # Not worth retrying within the call: the caller's own retry is tested.
            raise stripe.APIConnectionError(
                f"The line to the sandbox was cut at {call}.", should_retry=False
            )


def _refusal(call: str) -> api.Answer | None:
    for refusal in switches.refusals:
        if refusal.hits(call):
            error = {"type": refusal.type, "code": refusal.code, "message": "Switched."}
            # As for a cut line: the caller's own retry is what is tested.
            headers = {"stripe-should-retry": "false"}
            return json.dumps({"error": error}), refusal.status, headers
    return None
