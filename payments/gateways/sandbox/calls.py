"""One request to the sandbox: what it asks, what it finds, what it changes.

Handlers only look and decide; everything they change is written at the end, in
one go. So a refusal half-way leaves nothing behind.
"""

import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from payments.gateways import WEBHOOK_EVENTS
from payments.gateways.sandbox import rows, shapes
from payments.gateways.sandbox.errors import InvalidRequest, Missing
from payments.gateways.sandbox.forms import as_list
from payments.gateways.sandbox.models import SandboxEvent, SandboxKey, SandboxObject
from ticketapp.compiled import Compiled

LETTERS = string.ascii_letters + string.digits
# A letter for each byte: a few of them come a little more often than the others.
LETTER_OF = "".join(LETTERS[byte % len(LETTERS)] for byte in range(256)).encode()
PREFIXES = {
    "payment_intent": "pi",
    "setup_intent": "seti",
    "charge": "ch",
    "payment_method": "pm",
    "customer": "cus",
    "refund": "re",
    "dispute": "dp",
    "balance_transaction": "txn",
    "event": "evt",
}
EXPANDABLE = ("payment_method", "latest_charge", "customer", "charge", "payment_intent")
MAX_PAGE = 100

# The intent first: of the two, it is what the address names.
LOCKED_TO_CONFIRM = Compiled(
    lambda intent, method: (
        SandboxObject.objects.select_for_update()
        .filter(pk__in=(intent, method))
        .order_by("type")
    )
)
FOUND = Compiled(lambda key, kind: SandboxObject.objects.filter(pk=key, type=kind))
LOCKED = Compiled(
    lambda key, kind: SandboxObject.objects.select_for_update().filter(
        pk=key, type=kind
    )
)


def random_text(length: int) -> str:
    return secrets.token_bytes(length).translate(LETTER_OF).decode()


def new_id(type_: str) -> str:
    return f"{PREFIXES[type_]}_{random_text(24)}"


@dataclass
class Call:
    """Everything one handler needs; `write` is called once it has decided."""

    method: str
    path: str
    params: dict[str, Any]
    now: datetime
    key: str = ""
    created: list[SandboxObject] = field(default_factory=list)
    changed: dict[str, SandboxObject] = field(default_factory=dict)
    events: list[SandboxEvent] = field(default_factory=list)
    known: dict[str, SandboxObject] = field(default_factory=dict)
    locked: dict[str, SandboxObject] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.params.get(name, "")
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} must be a string.", param=name)
        return value

    def whole(self, name: str) -> int:
        """A positive integer parameter."""
        raw = self.text(name)
        if not raw:
            raise InvalidRequest(
                f"Missing required param: {name}.", code="parameter_missing", param=name
            )
        if not (raw.isascii() and raw.isdigit()) or int(raw) < 1:
            raise InvalidRequest(
                f"This value must be at least 1: {name}.",
                code="parameter_invalid_integer",
                param=name,
            )
        return int(raw)

    def metadata(self) -> dict[str, str]:
        found = self.params.get("metadata", {})
        return dict(found) if isinstance(found, dict) else {}

    # What there is

    def find(
        self, type_: str, id_: str, param: str, *, status: int = 400
    ) -> SandboxObject:
        return self._only(FOUND, type_, id_, param, status)

    def lock(
        self, type_: str, id_: str, param: str, *, status: int = 404
    ) -> SandboxObject:
        """The object, locked until this request is through."""
        if (found := self.locked.get(id_)) and found.type == type_:
            return found
        return self._only(LOCKED, type_, id_, param, status)

    def lock_to_confirm(self, intent: str, method: str) -> None:
        """Lock an intent and what shall pay it, if they are there, in one go."""
        for found in LOCKED_TO_CONFIRM.all(intent=intent, method=method):
            self.locked[found.pk] = self.known[found.pk] = found

    def _only(
        self,
        compiled: Compiled[SandboxObject],
        type_: str,
        id_: str,
        param: str,
        status: int,
    ) -> SandboxObject:
        found = compiled.first(key=id_, kind=type_)
        # A customer leaves a stub behind, which nothing can be done with any more.
        if found is None or found.data.get("deleted"):
            raise Missing(type_, id_, param=param, status=status)
        self.known[id_] = found
        return found

    # What changes

    def new(self, type_: str, data: dict[str, Any], **columns: Any) -> SandboxObject:
        made = SandboxObject(
            id=data["id"], type=type_, data=data, created_at=self.now, **columns
        )
        self.created.append(made)
        return made

    def change(self, *objects: SandboxObject) -> None:
        for changed in objects:
            if changed not in self.created:
                self.changed[changed.pk] = changed

    def mature(self, changed: SandboxObject, after: timedelta) -> None:
        changed.matures_at = self.now + after
        self.change(changed)

    def emit(self, type_: str, subject: SandboxObject) -> None:
        """Something happened: a webhook, if it is subscribed to."""
        if type_ not in WEBHOOK_EVENTS:
            return
        id_ = new_id("event")
        # Events never carry expanded objects, and later changes must not show.
        payload = shapes.event(id_, type_, dict(subject.data), self.now)
        payload["request"] = {"id": None, "idempotency_key": self.key or None}
        payload["pending_webhooks"] = 1
        self.events.append(
            SandboxEvent(
                id=id_,
                type=type_,
                payload=payload,
                created_at=self.now,
                next_attempt_at=self.now,
            )
        )

    def forget(self) -> None:
        """Change nothing after all."""
        self.created, self.changed, self.events = [], {}, []

    def write(self, answered: SandboxKey | None = None) -> bool:
        """Write what has changed, and the answer under its key; see `rows.write`."""
        objects = [*self.created, *self.changed.values()]
        return rows.write(objects, self.events, answered, now=self.now)

    # What is answered

    def expanded(self, data: dict[str, Any]) -> dict[str, Any]:
        """`data` with the objects that were asked for in the place of their ids."""
        document = dict(data)
        for asked in as_list(self.params.get("expand")):
            name = asked.removeprefix("data.")  # So it is said in lists.
            if name not in EXPANDABLE or name not in data:
                raise InvalidRequest(
                    f"This property cannot be expanded ({asked}).", param="expand"
                )
            if id_ := data[name]:
                document[name] = self._document(id_)
        return document

    def _document(self, id_: str) -> dict[str, Any]:
        for made in self.created:
            if made.pk == id_:
                return made.data
        if known := self.changed.get(id_) or self.known.get(id_):
            return known.data
        return SandboxObject.objects.get(pk=id_).data

    def page(self, type_: str, **columns: str) -> dict[str, Any]:
        """The newest first, after `starting_after`, created since `created[gte]`."""
        limit = self.whole("limit") if self.params.get("limit") else 10
        if limit > MAX_PAGE:
            raise InvalidRequest("limit can be 1 to 100.", param="limit")
        found = SandboxObject.objects.filter(type=type_, **columns)
        created = self.params.get("created")
        if isinstance(created, dict) and "gte" in created:
            since = datetime.fromtimestamp(int(created["gte"]), UTC)
            found = found.filter(created_at__gte=since)
        if after := self.text("starting_after"):
            last = self.find(type_, after, "starting_after")
            older = {"created_at": last.created_at, "pk__lt": last.pk}
            found = found.filter(created_at__lt=last.created_at) | found.filter(**older)
        newest = list(found.order_by("-created_at", "-pk")[: limit + 1])
        shown = [self.expanded(row.data) for row in newest[:limit]]
        return shapes.page(self.path, shown, has_more=len(newest) > limit)
