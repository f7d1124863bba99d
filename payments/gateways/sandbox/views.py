"""The sandbox as a browser meets it: its card form's address, and the bank."""

from urllib.parse import parse_qs

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_http_methods, require_POST

from payments.gateways import reading
from payments.gateways.sandbox import api, challenges
from payments.gateways.sandbox.errors import UnexpectedState
from payments.gateways.sandbox.models import SandboxObject
from payments.money import in_words

LONGEST_FORM = 8_192


@csrf_exempt
@never_cache
@require_POST
@sensitive_post_parameters()
@sensitive_variables("form")
def tokenise(request: HttpRequest) -> HttpResponse:
    """Where a page sends a typed card, as Stripe.js does: never to our own API."""
    if int(request.headers.get("Content-Length") or 0) > LONGEST_FORM:
        return HttpResponse(status=413)
    form = request.body.decode("utf-8", "replace")
    key = parse_qs(form).get("key", [""])[0]
    headers = {"Authorization": request.headers.get("Authorization") or f"Bearer {key}"}
    text, status, extra = api.answer(
        "POST", "/v1/payment_methods", form, headers, now=timezone.now()
    )
    return HttpResponse(
        text, status=status, content_type="application/json", headers=extra
    )


@never_cache
@require_http_methods(["GET", "POST"])
def challenge(request: HttpRequest, intent_id: str) -> HttpResponse:
    """The bank's page: is this you? Shown in a frame of the app, or on its own."""
    found = challenges.waiting_for_cardholder(
        intent_id, request.GET.get("client_secret", "")
    )
    if found is None:
        raise Http404
    if request.method == "POST":
        return _answered(request, found)
    return _page(request, found, asks=challenges.asks_now(found))


def _answered(request: HttpRequest, found: SandboxObject) -> HttpResponse:
    passed = request.POST.get("answer") == "complete"
    try:
        challenges.answer(found, passed=passed, now=timezone.now())
    except UnexpectedState:
        passed = False  # Answered elsewhere, or cancelled: the app will tell.
    return _page(request, found, asks=False, passed=passed)


def _page(request: HttpRequest, found: SandboxObject, **context: bool) -> HttpResponse:
    action = found.data["next_action"] or {}
    redirect = action.get("redirect_to_url") or {}
    amount, currency = found.data.get("amount"), found.data.get("currency", "")
    price = (
        in_words(reading.amount_in(amount, currency), currency.upper())
        if amount
        else ""
    )
    return render(
        request,
        "sandbox/challenge.html",
        {
            "intent_id": found.pk,
            "price": price,
            "return_url": redirect.get("return_url") or settings.SITE_URL,
            **context,
        },
    )
