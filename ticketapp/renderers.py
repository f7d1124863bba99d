"""JSON in and out. Apart from `api`, because the framework imports it first."""

from typing import Any

import orjson
from rest_framework import exceptions, negotiation, parsers, renderers


class OrjsonRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class OrjsonParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        try:
            return orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise exceptions.ParseError(
                f"The body is not valid JSON: {error}."
            ) from error


class FirstRenderer(negotiation.DefaultContentNegotiation):
    """Answer in JSON whatever is accepted: a browser may look at the API too."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
