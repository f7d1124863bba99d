"""How endpoints describe themselves in OpenAPI: every refusal included.

A view says what is special about it and nothing else:

    problems = [SoldOut, AllHeld]              # refusals of its writing methods
    problems = {"get": [...], "post": [...]}   # or method by method
    query_serializer_class = NearbyParams      # see ticketapp.api

The rest follows from its authentication, permissions, path, body and throttles.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from drf_spectacular import openapi
from drf_spectacular.plumbing import ResolvedComponent, force_instance, get_doc
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated
from rest_framework.serializers import Serializer

from ticketapp import problems
from ticketapp.errors import Action, DomainError
from ticketapp.idempotency import (
    HEADER,
    MAX_LENGTH,
    IdempotencyKeyReused,
    RequestInProgress,
)

Refusals = Sequence[type[DomainError]]
ACTIONS = {"post": "create", "put": "update", "patch": "update", "delete": "delete"}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": (
        "What went wrong (RFC 9457). Switch on `code`, show `detail`, offer `action`."
    ),
    "properties": {
        "type": {"type": "string", "description": "Where `code` is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "For the person, as it is."},
        "code": {"type": "string", "description": "Stable; never reused."},
        "action": {
            "type": "string",
            "enum": [str(action) for action in Action],
            "description": (
                "What the person can do now. `change_request`: change what `detail` "
                "names and ask again. `none`: it stays as it is."
            ),
        },
        "retry_after": {
            "type": "integer",
            "minimum": 0,
            "description": "Seconds to wait, as in the Retry-After header.",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["field", "code", "message"],
            },
        },
        "meta": {"type": "object", "additionalProperties": {}},
    },
    "required": ["type", "title", "status", "detail", "code", "action"],
}
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description=(
        "Any text that is new for each attempt, such as a UUID. For 24 hours the same "
        "key with the same body gets the same answer and does nothing twice."
    ),
)
# Where the generic views keep what their `get`, `post` … only pass on.
GENERIC = {
    "get": ["list", "retrieve"],
    "post": ["create"],
    "put": ["update"],
    "patch": ["partial_update", "update"],
    "delete": ["destroy"],
}


class AutoSchema(openapi.AutoSchema):
    """The stock description, with a stable name and all refusals."""

    def get_operation_id(self) -> str:
        """`holds_list`, `holds_create`, `orders_pay`: what SDKs call the method."""
        words = [word.replace("-", "_") for word in self._tokenize_path()]
        method = self.method.lower()
        if method == "get":
            several = self._is_list_view() or self._is_page()
            words.append("list" if several else "retrieve")
        elif not self._is_step():
            words.append(ACTIONS[method])
        return "_".join(words)

    def _is_page(self) -> bool:
        """Whether the answer has `results`, made by hand rather than by a paginator."""
        answer = self.get_response_serializers()
        if isinstance(answer, dict):
            answer = next(iter(answer.values()), None)
        return "results" in getattr(force_instance(answer), "fields", {})

    def _is_step(self) -> bool:
        """Whether this is a verb below one thing, as in /orders/{id}/pay."""
        *above, last = self.path.strip("/").split("/")
        named = not last.startswith("{")
        return self.method == "POST" and named and above[-1].startswith("{")

    def get_summary(self) -> str | None:
        return self._doc().partition("\n")[0].rstrip(".") or None

    def get_description(self) -> str:
        return self._doc().partition("\n")[2].strip()

    def _doc(self) -> str:
        """What the handler's docstring says, or else the view's."""
        docs = [get_doc(handler) for handler in self._handlers()]
        return next(filter(None, [*docs, get_doc(type(self.view))]), "")

    def _handlers(self) -> list[Callable]:
        """The methods of the view that may do the work, the nearest first."""
        method = self.method.lower()
        found = [getattr(self.view, n, None) for n in [method, *GENERIC[method]]]
        return [handler for handler in found if handler]

    def get_serializer_name(self, serializer: Serializer, direction: str) -> str:
        """`HoldRequest` for HoldRequestSerializer, without the word twice."""
        name = type(serializer).__name__.removesuffix("Serializer")
        return name.removesuffix("Request") if direction == "request" else name

    def get_override_parameters(self) -> list:
        parameters = list(super().get_override_parameters())
        if self._takes_idempotency_key():
            parameters.append(IDEMPOTENCY_KEY)
        query = getattr(self.view, "query_serializer_class", None)
        if query and self.method in SAFE_METHODS and query().fields:
            parameters.append(query)
        return parameters

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        responses = super()._get_response_bodies(direction)
        by_status: dict[str, list[type[DomainError]]] = {}
        for refusal in self._refusals():
            by_status.setdefault(str(int(refusal.status)), []).append(refusal)
        for status, refusals in sorted(by_status.items()):
            responses.setdefault(status, self._refusal_response(refusals))
        return responses

    def _refusals(self) -> Iterable[type[DomainError]]:
        yield problems.Invalid
        if self.view.get_authenticators():
            yield problems.NotAuthenticated
        if self._needs_more_than_an_account():
            yield problems.PermissionDenied
        if "{" in self.path:
            yield problems.NotFound
        if self._takes_idempotency_key():
            yield from [IdempotencyKeyReused, RequestInProgress]
        if self.method in {"POST", "PUT", "PATCH"}:
            yield from [problems.MalformedBody, problems.UnsupportedMediaType]
        if self.method not in SAFE_METHODS and self.view.get_throttles():
            yield problems.TooManyRequests
        yield from [problems.Busy, problems.Unavailable]
        yield from self._own_refusals()

    def _own_refusals(self) -> Refusals:
        own = getattr(self.view, "problems", [])
        if isinstance(own, dict):
            return own.get(self.method.lower(), [])
        return [] if self.method in SAFE_METHODS else own

    def _needs_more_than_an_account(self) -> bool:
        kinds = {type(permission) for permission in self.view.get_permissions()}
        return bool(kinds - {AllowAny, IsAuthenticated})

    def _takes_idempotency_key(self) -> bool:
        marks = [getattr(h, "takes_idempotency_key", 0) for h in self._handlers()]
        return any(marks)

    def _refusal_response(self, refusals: Refusals) -> dict[str, Any]:
        self.registry.register_on_missing(
            ResolvedComponent(
                name="Problem",
                type=ResolvedComponent.SCHEMA,
                schema=PROBLEM_SCHEMA,
                object="Problem",
            )
        )
        response: dict[str, Any] = {
            "description": " ".join(f"`{r.code}`: {r.title}" for r in refusals),
            "content": {
                problems.PROBLEM: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {r.code: {"value": example_of(r)} for r in refusals},
                }
            },
        }
        if refusals[0].status in {429, 503}:
            response["headers"] = {
                "Retry-After": {"schema": {"type": "integer", "minimum": 0}}
            }
        return response


class _Blank:
    """Stands in a message for what is known only when it is sent."""

    def __format__(self, spec: str) -> str:
        return "…"

    def __getattr__(self, name: str) -> "_Blank":
        return self


class _Blanks(dict):
    def __missing__(self, name: str) -> _Blank:
        return _Blank()


def example_of(refusal: type[DomainError]) -> dict[str, Any]:
    """A refusal as it is sent, with blanks for its details."""
    example = {
        "type": f"{problems.PROBLEM_TYPE}{refusal.code}",
        "title": refusal.title,
        "status": int(refusal.status),
        "detail": getattr(refusal, "message", "…").format_map(_Blanks()),
        "code": refusal.code,
        "action": str(refusal.action),
        "retry_after": refusal.retry_after,
    }
    return {name: value for name, value in example.items() if value is not None}


def all_refusals() -> list[type[DomainError]]:
    """Every refusal there is, by code; one that refines another goes under it."""
    found: dict[str, type[DomainError]] = {}
    waiting = list(DomainError.__subclasses__())
    while waiting:
        refusal = waiting.pop(0)
        waiting += refusal.__subclasses__()
        if hasattr(refusal, "code"):
            found.setdefault(refusal.code, refusal)
    return [found[code] for code in sorted(found)]
