"""Random names that leave the house."""

import secrets
import uuid

# No vowels and no look-alikes: a reference is read aloud at the door.
REFERENCE_ALPHABET = "BCDFGHJKMNPQRSTVWXYZ23456789"


def new_reference() -> str:
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))


def new_key() -> str:
    return uuid.uuid4().hex
