"""The OpenAPI document in the words of a page for people."""

from typing import Any

import orjson

from ticketapp.errors import DomainError
from ticketapp.schema import all_refusals, example_of

METHODS = ["get", "post", "put", "patch", "delete"]
Schema = dict[str, Any]


def page_of(document: Schema) -> dict[str, Any]:
    """What the template needs, in the order in which it shows it."""
    schemas = document["components"]["schemas"]
    return {
        "info": document["info"],
        "groups": _groups(document),
        "shapes": [_shape(name, schemas[name]) for name in sorted(schemas)],
        "refusals": [_explained(refusal) for refusal in all_refusals()],
    }


def _groups(document: Schema) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                told = _operation(operation) | {"path": path, "method": method.upper()}
                groups.setdefault(operation["tags"][0], []).append(told)
    return sorted(groups.items())


def _operation(operation: Schema) -> dict[str, Any]:
    parameters = [
        {**given, "words": words_for(given["schema"])}
        for given in operation.get("parameters", [])
    ]
    return {
        "id": operation["operationId"],
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "signed_in": {} not in operation.get("security", [{}]),
        "parameters": parameters,
        "body": _content(operation.get("requestBody", {})),
        "answers": [_answer(s, a) for s, a in sorted(operation["responses"].items())],
    }


def _answer(status: str, response: Schema) -> dict[str, Any]:
    examples = {}
    for media in response.get("content", {}).values():
        examples |= media.get("examples", {})
    refused = int(status) >= 400
    return {
        "status": status,
        "codes": list(examples) if refused else [],
        "words": [] if refused else _content(response),
    }


def _content(holder: Schema) -> list[dict[str, str]]:
    media = next(iter(holder.get("content", {}).values()), None)
    return words_for(media["schema"]) if media and "schema" in media else []


def _shape(name: str, schema: Schema) -> dict[str, Any]:
    required = schema.get("required", [])
    fields = [
        {
            "name": field,
            "words": words_for(kind),
            "about": kind.get("description", ""),
            "required": field in required,
        }
        for field, kind in schema.get("properties", {}).items()
    ]
    return {
        "name": name,
        "about": schema.get("description", "").partition("\\n\\n*")[0],
        "fields": fields,
        "values": schema.get("enum", []),
    }


def words_for(schema: Schema) -> list[dict[str, str]]:
    """A type in words; those that name another shape carry its name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [{"text": name, "shape": name}]
    for either in ("oneOf", "anyOf", "allOf"):
        if either in schema:
            return _joined(schema[either])
    kinds = schema.get("type", "anything")
    if kinds == "array":
        return [{"text": "list of"}, *words_for(schema["items"])]
    text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "format" in schema:
        text += f" ({schema['format']})"
    if "enum" in schema:
        text += ": " + ", ".join(str(value) for value in schema["enum"])
    return [{"text": text}]


def _joined(options: list[Schema]) -> list[dict[str, str]]:
    words = words_for(options[0])
    for option in options[1:]:
        words += [{"text": "or"}, *words_for(option)]
    return words


def _explained(refusal: type[DomainError]) -> dict[str, Any]:
    example = orjson.dumps(example_of(refusal), option=orjson.OPT_INDENT_2).decode()
    return {"code": refusal.code, "title": refusal.title, "example": example}
