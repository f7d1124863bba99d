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
from payments.gateways.sandbox.models import SandboxObject
from payments.gateways.sandbox.rows import Answered, Happened, Record

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


def random_text(length: int) -> str:
    return secrets.token_bytes(length).translate(LETTER_OF).decode()


def new_id(type_: str) -> str:
    return f"{PREFIXES[type_]}_{random_text(24)}"


@dataclass
class Call:
    """Everything one handler needs; `write` is called once it has decided.

    `at_once`: nothing is locked, and no transaction is open. What a handler locks is
    only read then, and `write` does nothing if any of it has changed; see `rows`.
    """

    method: str
    path: str
    params: dict[str, Any]
    now: datetime
    key: str = ""
    at_once: bool = False
    created: list[Record] = field(init=False, default_factory=list)
    changed: dict[str, Record] = field(init=False, default_factory=dict)
    events: list[Happened] = field(init=False, default_factory=list)
    known: dict[str, Record] = field(init=False, default_factory=dict)
    locked: dict[str, Record] = field(init=False, default_factory=dict)
    there: dict[str, str] = field(init=False, default_factory=dict)

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

    def find(self, type_: str, id_: str, param: str, *, status: int = 400) -> Record:
        return self._only(rows.read(id_, id_, locked=False), type_, id_, param, status)

    def lock(self, type_: str, id_: str, param: str, *, status: int = 404) -> Record:
        """The object, nobody else's until this request is through."""
        if (found := self.locked.get(id_)) and found.type == type_:
            return found
        read = rows.read(id_, id_, locked=not self.at_once)
        found = self._only(read, type_, id_, param, status)
        self.locked[id_] = found
        return found

    def lock_to_confirm(self, intent: str, method: str) -> None:
        """Lock an intent and what shall pay it, if they are there, in one go."""
        for found in rows.read(intent, method, locked=not self.at_once):
            self.locked[found.pk] = self.known[found.pk] = found

    def named(self, type_: str, id_: str, param: str) -> str:
        """The id itself, of something that must be there for this to go through."""
        if self.at_once:
            self.there[id_] = type_
        else:
            self.find(type_, id_, param)
        return id_

    def _only(
        self, read: list[Record], type_: str, id_: str, param: str, status: int
    ) -> Record:
        for found in read:
            # A customer leaves a stub behind: nothing can be done with it any more.
            if found.type == type_ and not found.data.get("deleted"):
                self.known[id_] = found
                return found
        raise Missing(type_, id_, param=param, status=status)

    # What changes

    def new(self, type_: str, data: dict[str, Any], **columns: Any) -> Record:
        made = Record(data["id"], type_, data, **columns)
        self.created.append(made)
        return made

    def change(self, *objects: Record) -> None:
        for changed in objects:
            if changed not in self.created:
                self.changed[changed.pk] = changed

    def mature(self, changed: Record, after: timedelta) -> None:
        changed.matures_at = self.now + after
        self.change(changed)

    def emit(self, type_: str, subject: Record, **previous: Any) -> None:
        """Something happened: a webhook, if it is subscribed to.

        `previous` is what those attributes were that have just changed.
        """
        if type_ not in WEBHOOK_EVENTS:
            return
        id_ = new_id("event")
        # Events never carry expanded objects, and later changes must not show.
        payload = shapes.event(id_, type_, dict(subject.data), self.now)
        payload["request"] = {"id": None, "idempotency_key": self.key or None}
        payload["pending_webhooks"] = 1
        if previous:
            payload["data"]["previous_attributes"] = previous
        self.events.append(Happened(id_, type_, payload))

    def forget(self) -> None:
        """Change nothing after all."""
        self.created, self.changed, self.events = [], {}, []

    def write(self, answered: Answered | None = None) -> bool:
        """Write what has changed, and the answer under its key; see `rows.write`."""
        return rows.write(
            [*self.created, *self.changed.values()],
            self.events,
            answered,
            now=self.now,
            seen=list(self.locked.values()) if self.at_once else (),
            there=self.there,
        )

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
        """The newest first, after `starting_after`, created when `created` says."""
        limit = self.whole("limit") if self.params.get("limit") else 10
        if limit > MAX_PAGE:
            raise InvalidRequest("limit can be 1 to 100.", param="limit")
        created = self._created()
        found = SandboxObject.objects.filter(type=type_, **created, **columns)
        if after := self.text("starting_after"):
            self.find(type_, after, "starting_after")
            created_at = SandboxObject.objects.get(pk=after).created_at
            older = {"created_at": created_at, "pk__lt": after}
            found = found.filter(created_at__lt=created_at) | found.filter(**older)
        newest = list(found.order_by("-created_at", "-pk")[: limit + 1])
        shown = [self.expanded(row.data) for row in newest[:limit]]
        return shapes.page(self.path, shown, has_more=len(newest) > limit)

    def _created(self) -> dict[str, datetime]:
        """The filter by age: what it cannot tell apart is refused, not passed over."""
        asked = self.params.get("created", {})
        if not isinstance(asked, dict) or not asked.keys() <= {"gte", "lt"}:
            raise InvalidRequest("The sandbox knows gte and lt.", param="created")
        return {
            f"created_at__{bound}": datetime.fromtimestamp(int(second), UTC)
            for bound, second in asked.items()
        }
