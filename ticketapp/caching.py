"""Reads that need not be sent twice: public ones, and those of one person."""

from hashlib import blake2b
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags


def public_json(request: HttpRequest, document: Any, *, max_age: int) -> HttpResponse:
    """Answer with `document`; a CDN may keep it and give it to everybody.

    Only for what depends on nothing but the address: never on who asks.
    """
    return _unless_known(request, document, keep=f"public, max-age={max_age}")


def private_json(request: HttpRequest, document: Any) -> HttpResponse:
    """Answer with `document`, which is for who asks: only they may keep it.

    They have to ask each time whether it is still so.
    """
    return _unless_known(request, document, keep="private, no-cache")


def _unless_known(request: HttpRequest, document: Any, *, keep: str) -> HttpResponse:
    """The document, or 304 if the caller has these very bytes."""
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    if _has(request, etag):
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = keep
    return response


def _has(request: HttpRequest, etag: str) -> bool:
    known = request.META.get("HTTP_IF_NONE_MATCH")
    if not known:
        return False
    return etag in (tag.removeprefix("W/") for tag in parse_etags(known))
