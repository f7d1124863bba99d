"""Who is asking: allauth's session token, answered with 401 when missing."""

from allauth.headless.contrib.rest_framework.authentication import (
    XSessionTokenAuthentication,
)


class SessionTokenAuthentication(XSessionTokenAuthentication):
    def authenticate_header(self, request) -> str:
        return "X-Session-Token"
