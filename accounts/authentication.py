"""Who is asking: a session token, answered with 401 when missing or wrong."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
)
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.http.request import HttpHeaders
from django.utils.crypto import constant_time_compare
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User
from ticketapp.prepared import execute
from ticketapp.rows import instance_of

HEADER = "X-Session-Token"
IN_META = HttpHeaders.to_wsgi_name(HEADER)
MAX_TOKEN_LENGTH = 40
# Every signed-in call reads a user: planned once and not written by the ORM each time.
FIELDS = User._meta.concrete_fields
NAMES = tuple(field.attname for field in FIELDS)
FIND_USER = f"""
SELECT {", ".join(field.column for field in FIELDS)}
  FROM accounts_user WHERE id = %(user)s
"""


def user_of_token(token: str) -> User | None:
    """The account that a session token speaks for, or None.

    One look-up in the cache and one query for the user, who must be active; an
    unknown token costs a query more. For sockets too.
    """
    if not token.isascii() or not token.isalnum() or len(token) > MAX_TOKEN_LENGTH:
        return None
    session = SessionStore(token)
    return _usual_user_of(session) or _user_of(session)


def _usual_user_of(session: SessionStore) -> User | None:
    """The user of a session in good order, as `get_user` would find them.

    None says nothing: what is not in the usual order is left to Django.
    """
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = find_user(UUID(session[SESSION_KEY]))
    if user is None or not user.is_active:
        return None
    return user if _is_of(session, user) else None


def _is_of(session: SessionStore, user: User) -> bool:
    """Whether it was begun with the password of today.

    With a former secret key too: `get_user` would then change the key of the
    session, which is the token that the app goes on sending.
    """
    known = session.get(HASH_SESSION_KEY, "")
    if constant_time_compare(known, user.get_session_auth_hash()):
        return True
    former = user.get_session_auth_fallback_hash()
    return any(constant_time_compare(known, hashed) for hashed in former)


def _user_of(session: SessionStore) -> User | None:
    carrier = HttpRequest()
    carrier.session = session
    user = get_user(carrier)
    return user if isinstance(user, User) else None


def find_user(user_id: UUID) -> User | None:
    params = {"user": user_id}
    with connection.cursor() as cursor:
        execute(cursor, FIND_USER, params=params)
        row = cursor.fetchone()
    return instance_of(User, NAMES, row) if row else None


class SessionTokenAuthentication(BaseAuthentication):
    """The token that sign-in gave; nothing else, and no cookie, signs a call in."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        token = request.META.get(IN_META)
        if not token:
            return None
        if user := user_of_token(token):
            return user, token
        raise AuthenticationFailed("Your session has ended. Sign in again.")

    def authenticate_header(self, request: Request) -> str:
        return HEADER


class SessionTokenScheme(OpenApiAuthenticationExtension):
    target_class = SessionTokenAuthentication
    name = "session_token"

    def get_security_definition(self, auto_schema):
        return {
            "type": "apiKey",
            "in": "header",
            "name": HEADER,
            "description": (
                "The `meta.session_token` of a finished sign-in: POST "
                "`/_allauth/app/v1/auth/code/request` with an e-mail address, then "
                "`/_allauth/app/v1/auth/code/confirm` with the code and the token so "
                "far. Known and new addresses go the same way."
            ),
        }
