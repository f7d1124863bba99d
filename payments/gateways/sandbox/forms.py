"""Form bodies as the library writes them: a[b][c]=1 and a[0]=2 become nested."""

import re
from typing import Any
from urllib.parse import parse_qsl

from payments.gateways.sandbox.errors import InvalidRequest

_PARTS = re.compile(r"\[([^\]]*)\]")


def decode(body: str) -> dict[str, Any]:
    """The parameters of a form-encoded body or query; lists stay dictionaries
    until `as_list`, because a[0] and a[b] look alike."""
    decoded: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        first, *rest = [name.partition("[")[0], *_PARTS.findall(name)]
        inner, last = decoded, first
        for part in rest:
            inner = inner.setdefault(last, {})
            if not isinstance(inner, dict):
                raise InvalidRequest(f"{name} is both a value and a group of values.")
            last = part or str(len(inner))
        inner[last] = value
    return decoded


def as_list(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value] * bool(value)


def as_bool(value: Any) -> bool:
    return str(value).lower() == "true"
