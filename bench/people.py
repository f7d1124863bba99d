"""Buyers who have signed in: rows, sessions and tokens, without the mails."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.utils.crypto import get_random_string

from accounts.authentication import user_of_token
from accounts.models import User
from bench.console import BenchFailed

BATCH = 2_000
# As the sign-in by e-mail code leaves it.
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True, slots=True)
class Buyer:
    id: UUID
    token: str


def sign_in(count: int) -> list[Buyer]:
    """Make `count` new buyers, each with a session as signing in would leave it."""
    no_password = make_password(None)
    people = [
        User(email=f"{get_random_string(20).lower()}@example.com", password=no_password)
        for _ in range(count)
    ]
    User.objects.bulk_create(people, batch_size=BATCH)
    sessions = {get_random_string(32).lower(): _session_of(user) for user in people}
    _store(sessions)
    buyers = [
        Buyer(id=user.pk, token=token)
        for user, token in zip(people, sessions, strict=True)
    ]
    known = user_of_token(buyers[-1].token)
    if known is None or known.pk != buyers[-1].id:
        raise BenchFailed("The sessions that were made sign nobody in.")
    return buyers


def _session_of(user: User) -> dict[str, str]:
    return {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: BACKEND,
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }


def _store(sessions: dict[str, dict[str, str]]) -> None:
    """In the rows and in the cache, as the session engine of the settings does."""
    store = SessionStore()
    Session.objects.bulk_create(
        (
            Session(
                session_key=key,
                session_data=store.encode(session),
                expire_date=store.get_expiry_date(),
            )
            for key, session in sessions.items()
        ),
        batch_size=BATCH,
    )
    prefix = SessionStore.cache_key_prefix
    caches[settings.SESSION_CACHE_ALIAS].set_many(
        {f"{prefix}{key}": session for key, session in sessions.items()},
        settings.SESSION_COOKIE_AGE,
    )
