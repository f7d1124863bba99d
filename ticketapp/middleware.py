"""Django's middleware for pages; a call of the API passes through it untouched.

The API knows no cookie: it signs in by a header, speaks one language and has no
forms. What pages need took longer there than many a query, and its `Vary` made an
answer that is the same for everybody another one for each language.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

API = "/api/"


class ForPages:
    """Mixed into a middleware: what it does, it does for pages."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class PageSessions(ForPages, SessionMiddleware): ...


class PageForms(ForPages, CsrfViewMiddleware): ...


class PageUsers(ForPages, AuthenticationMiddleware): ...


class PageMessages(ForPages, MessageMiddleware): ...


class PageLanguages(LocaleMiddleware):
    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(API):
            # The page that this thread served before may have left its own.
            translation.deactivate()
            return self.get_response(request)
        return super().__call__(request)
