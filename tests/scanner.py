"""A scanner without network: it knows what the API told it, and nothing of ours."""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rest_framework.test import APIClient


def client_of(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@dataclass
class OfflineScanner:
    """Of one event, with the account of somebody who works there."""

    client: APIClient
    event_id: UUID
    known: dict[str, Any] = field(default_factory=dict)
    etag: str = ""

    def sync(self) -> int:
        """Ask what changed; gives the status."""
        headers = {"If-None-Match": self.etag} if self.etag else {}
        address = f"/api/v1/events/{self.event_id}/revoked-tickets"
        answer = self.client.get(address, headers=headers)
        if answer.status_code == 200:
            self.known, self.etag = answer.json(), answer["ETag"]
        return answer.status_code

    def refusal(self, code: str, *, at: datetime) -> str:
        """Why the bearer of `code` stays out; nothing for whom it lets in."""
        raw = base64.b32decode(code + "=" * (-len(code) % 8))
        body, signature = raw[:-64], raw[-64:]
        key = base64.b64decode(self.known["code_key"])
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(
                signature, b"ticketapp ticket code\0" + body
            )
        except InvalidSignature:
            return "forged"
        if body[17:] != self.event_id.bytes[:8]:
            return "another event"
        opens, closes = (
            datetime.fromisoformat(self.known[name])
            for name in ("admits_from", "admits_until")
        )
        if not opens <= at < closes:
            return "another night"
        return self._revoked().get(str(UUID(bytes=body[1:17])), "")

    def _revoked(self) -> dict[str, str]:
        groups = self.known["revoked"]
        return {ticket: each["code"] for each in groups for ticket in each["tickets"]}
