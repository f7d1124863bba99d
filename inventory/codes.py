"""Ticket codes: what the QR at the door says, signed so that it cannot be made up.

A code is base32 text (the QR alphabet that packs tightest without signs that
scanners lose) of: version, ticket id, first half of the event id, and an
Ed25519 signature. A scanner with the public key can check it without us.
"""

import base64
import binascii
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = 1
EVENT_BYTES = 8
BODY_BYTES = 1 + 16 + EVENT_BYTES
SIGNATURE_BYTES = 64
# Signed with the body, so that a signature made for something else never fits.
PURPOSE = b"ticketapp ticket code\0"
MAX_LENGTH = 200


class InvalidCode(ValueError):
    """Not a code of ours: misread, cut short, or made up."""


@dataclass(frozen=True, slots=True)
class Code:
    ticket_id: UUID
    event_prefix: bytes

    def is_for_event(self, event_id: UUID) -> bool:
        return event_id.bytes.startswith(self.event_prefix)


@cache
def _key_from(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ticket codes").derive(
        secret.encode()
    )
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key() -> Ed25519PublicKey:
    """What a scanner needs to check codes while it is offline."""
    return _key_from(settings.TICKET_SIGNING_KEY).public_key()


def public_key_text() -> str:
    """The same 32 bytes as base64, as scanners get them."""
    return base64.b64encode(public_key().public_bytes_raw()).decode()


def write(*, ticket_id: UUID, event_id: UUID) -> str:
    """The code of a ticket: always the same text for the same ticket."""
    body = bytes([VERSION]) + ticket_id.bytes + event_id.bytes[:EVENT_BYTES]
    signature = _key_from(settings.TICKET_SIGNING_KEY).sign(PURPOSE + body)
    return base64.b32encode(body + signature).decode().rstrip("=")


def read(text: str) -> Code:
    """Check a scanned code and say what it stands for, or raise InvalidCode."""
    raw = _decode(text.strip().upper())
    body, signature = raw[:BODY_BYTES], raw[BODY_BYTES:]
    if len(signature) != SIGNATURE_BYTES or body[0] != VERSION:
        raise InvalidCode("This code has another length or version.")
    try:
        public_key().verify(signature, PURPOSE + body)
    except InvalidSignature as forged:
        raise InvalidCode("This code was not signed by us.") from forged
    return Code(ticket_id=UUID(bytes=body[1:17]), event_prefix=body[17:])


def _decode(text: str) -> bytes:
    if not text.isascii() or len(text) > MAX_LENGTH:
        raise InvalidCode("This is no ticket code.")
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as misread:
        raise InvalidCode("This is no ticket code.") from misread
