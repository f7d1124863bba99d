"""Public reads: the same bytes for everybody, so that a CDN may serve them."""

from hashlib import blake2b
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags


def public_json(request: HttpRequest, document: Any, *, max_age: int) -> HttpResponse:
    """Answer with `document`, or with 304 if the caller has these very bytes.

    Only for what depends on nothing but the address: never on who asks.
    """
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    if _has(request, etag):
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    else:
        response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={max_age}"
    return response


def _has(request: HttpRequest, etag: str) -> bool:
    known = request.META.get("HTTP_IF_NONE_MATCH")
    if not known:
        return False
    return etag in (tag.removeprefix("W/") for tag in parse_etags(known))
