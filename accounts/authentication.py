"""Who is asking: a session token, answered with 401 when missing or wrong."""

from django.contrib.auth import get_user
from django.contrib.sessions.backends.cached_db import SessionStore
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User

HEADER = "X-Session-Token"
MAX_TOKEN_LENGTH = 40


def user_of_token(token: str) -> User | None:
    """The account that a session token speaks for, or None.

    One look-up in the cache and one query for the user, who must be active; an
    unknown token costs a query more. For sockets too.
    """
    if not token.isascii() or not token.isalnum() or len(token) > MAX_TOKEN_LENGTH:
        return None
    carrier = HttpRequest()
    carrier.session = SessionStore(token)
    user = get_user(carrier)
    return user if isinstance(user, User) else None


class SessionTokenAuthentication(BaseAuthentication):
    """The token that sign-in gave; nothing else, and no cookie, signs a call in."""

    def authenticate(self, request: Request) -> tuple[User, str] | None:
        token = request.headers.get(HEADER)
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
