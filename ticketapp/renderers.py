"""JSON in and out. Apart from `api`, because the framework imports it first."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpRequest
from rest_framework import exceptions, negotiation, parsers, renderers

# No request of ours needs ten; what reads and prints a body gives up at a thousand.
DEEPEST = 100


class OrjsonRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class OrjsonParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        # To read the stream would know no limit.
        body = stream.body if isinstance(stream, HttpRequest) else stream.read()
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(
                f"The body is not valid JSON: {error}."
            ) from error
        if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deep(found):
            raise exceptions.ParseError("It is nested too deeply.")
        return found


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class FirstRenderer(negotiation.DefaultContentNegotiation):
    """Answer in JSON whatever is accepted: a browser may look at the API too."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
