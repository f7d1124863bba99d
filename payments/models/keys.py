"""Random names that leave the house."""

import secrets
import uuid

# No vowels and no look-alikes: a reference is read aloud at the door.
REFERENCE_ALPHABET = "BCDFGHJKMNPQRSTVWXYZ23456789"
_lot = secrets.SystemRandom()


def new_reference() -> str:
    return "".join(_lot.choices(REFERENCE_ALPHABET, k=8))


def new_key() -> str:
    return uuid.uuid4().hex
