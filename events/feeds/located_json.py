"""JSON whose objects know the line they begin on, for messages to people."""

import json
from bisect import bisect_right
from json.decoder import JSONObject
from json.scanner import py_make_scanner
from typing import Any

from events.feeds.rows import UnreadableDocument


class Located(dict[str, Any]):
    """A JSON object and its line."""

    line: int = 1


class _Decoder(json.JSONDecoder):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._line_ends = [i for i, c in enumerate(text) if c == "\n"]
        self.parse_object = self._object
        # The C scanner does not call `parse_object`.
        self.scan_once = py_make_scanner(self)

    def _object(self, where: tuple[str, int], *rest: Any) -> tuple[Located, int]:
        found, end = JSONObject(where, *rest)
        located = Located(found)
        located.line = bisect_right(self._line_ends, where[1] - 1) + 1
        return located, end


def load(text: str) -> Any:
    """Read a JSON document, or raise with the line of what is wrong."""
    try:
        return _Decoder(text).decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableDocument(
            f"line {error.lineno}: not JSON: {error.msg}"
        ) from error
    except RecursionError as error:
        raise UnreadableDocument("not a feed: nested too deeply") from error
