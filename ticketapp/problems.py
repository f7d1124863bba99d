"""Errors as RFC 9457 problem documents, whoever raised them.

`code` is what an app switches on, `detail` is what a person reads, `action` is
what the person can do now. /api/v1/docs lists every code that exists.
"""

import logging
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
from django.conf import settings
from django.core import exceptions as django_exceptions
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, views
from rest_framework.request import Request
from rest_framework.response import Response

from ticketapp.errors import Action, DomainError

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
PROBLEM_TYPE = "/api/v1/docs#problem-"
# Lock, statement and deadlock: somebody else was faster, the database is well.
BUSY_PGCODES = {"55P03", "57014", "40P01", "40001"}


class Invalid(DomainError):
    code = "invalid"
    title = "Some of what was sent cannot be used."
    status = HTTPStatus.BAD_REQUEST
    message = "Some of what was sent needs attention. {fields}"
    action = Action.CHANGE_REQUEST


class MalformedBody(DomainError):
    code = "parse_error"
    title = "The body cannot be read."
    status = HTTPStatus.BAD_REQUEST
    message = "{reason}"
    action = Action.CHANGE_REQUEST


class BadRequest(DomainError):
    code = "bad_request"
    title = "The request cannot be read."
    status = HTTPStatus.BAD_REQUEST
    message = "The request is not one that this service can read."
    action = Action.CHANGE_REQUEST


class NotAuthenticated(DomainError):
    code = "not_authenticated"
    title = "You are not signed in."
    status = HTTPStatus.UNAUTHORIZED
    message = "{reason}"
    action = Action.SIGN_IN


class PermissionDenied(DomainError):
    code = "permission_denied"
    title = "Your account may not do this."
    status = HTTPStatus.FORBIDDEN
    message = "Your account may not do this."
    action = Action.CONTACT_SUPPORT


class NotFound(DomainError):
    code = "not_found"
    title = "There is nothing here."
    status = HTTPStatus.NOT_FOUND
    message = "There is nothing here that you can see."
    action = Action.NONE


class MethodNotAllowed(DomainError):
    code = "method_not_allowed"
    title = "This address does not take that method."
    status = HTTPStatus.METHOD_NOT_ALLOWED
    message = "This address does not take {method}."
    action = Action.CHANGE_REQUEST


class UnsupportedMediaType(DomainError):
    code = "unsupported_media_type"
    title = "The body is not JSON."
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    message = "Send the body as application/json; it came as {media_type}."
    action = Action.CHANGE_REQUEST


class TooManyRequests(DomainError):
    code = "throttled"
    title = "That was too many requests."
    status = HTTPStatus.TOO_MANY_REQUESTS
    message = "You are asking faster than one person needs to. Wait a little."
    action = Action.WAIT


class Busy(DomainError):
    code = "busy"
    title = "Too many people are asking for this at once."
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = (
        "Too many people are asking for this at once. Try again in a moment; with "
        "the same Idempotency-Key nothing is done twice. "
        "If you were paying, your order says whether you were charged."
    )
    action = Action.RETRY
    retry_after = 2


class Unavailable(DomainError):
    code = "unavailable"
    title = "The service is not available just now."
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = (
        "The service is not available just now. Try again in a moment; with the "
        "same Idempotency-Key nothing is done twice. "
        "If you were paying, your order says whether you were charged."
    )
    action = Action.RETRY
    retry_after = 5


class ServerError(DomainError):
    code = "server_error"
    title = "Something broke on our side."
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    message = (
        "Something broke on our side and has been logged. Look at your orders "
        "before you try again: they say whether you were charged."
    )
    action = Action.CONTACT_SUPPORT


def document_of(error: DomainError, **members: Any) -> dict[str, Any]:
    """Write a refusal down; members without a value stay out."""
    document = {
        "type": f"{PROBLEM_TYPE}{error.code}",
        "title": error.title,
        "status": int(error.status),
        "detail": str(error),
        "code": error.code,
        "action": error.action,
        "retry_after": error.retry_after,
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}


def problem_response(error: DomainError) -> HttpResponse:
    """Send a refusal from outside REST framework."""
    document = document_of(error)
    response = HttpResponse(
        orjson.dumps(document), status=document["status"], content_type=PROBLEM
    )
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Render what we anticipated; let the rest become a logged 500."""
    document = _document_for(exc, context["request"])
    if document is None:
        return None
    views.set_rollback()
    response = Response(document, status=document["status"], content_type=PROBLEM)
    if "retry_after" in document:
        response["Retry-After"] = str(document["retry_after"])
    if header := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _document_for(exc: Exception, request: Request) -> dict[str, Any] | None:
    match exc:
        case DomainError():
            return document_of(exc, meta=exc.details or None)
        case exceptions.ValidationError():
            return _invalid(exc)
        case Http404() | exceptions.NotFound():
            return document_of(NotFound())
        case django_exceptions.PermissionDenied() | exceptions.PermissionDenied():
            return document_of(PermissionDenied())
        case OperationalError() | InterfaceError():
            return _database(exc)
        case django_exceptions.RequestDataTooBig():
            most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            reason = f"The body is longer than {most:,} bytes."
            return document_of(MalformedBody(reason=reason))
        case django_exceptions.SuspiciousOperation():
            return document_of(BadRequest())
        case exceptions.APIException():
            return _framework(exc, request)
    return None


def _invalid(exc: exceptions.ValidationError) -> dict[str, Any]:
    errors = list(_field_errors(exc.get_full_details()))
    fields = " ".join(f"{error['field']}: {error['message']}" for error in errors)
    return document_of(Invalid(fields=fields), errors=errors)


def _framework(exc: exceptions.APIException, request: Request) -> dict[str, Any] | None:
    match exc:
        case exceptions.ParseError():
            return document_of(MalformedBody(reason=exc.detail))
        case exceptions.NotAuthenticated():
            return document_of(NotAuthenticated(reason="Sign in to do this."))
        case exceptions.AuthenticationFailed():
            return document_of(NotAuthenticated(reason=exc.detail))
        case exceptions.MethodNotAllowed():
            return document_of(MethodNotAllowed(method=request.method))
        case exceptions.UnsupportedMediaType():
            media_type = request.content_type or "nothing"
            return document_of(UnsupportedMediaType(media_type=media_type))
        case exceptions.Throttled():
            refusal = TooManyRequests()
            refusal.retry_after = max(1, round(exc.wait or 1))
            return document_of(refusal)
    return None


def _database(exc: Exception) -> dict[str, Any]:
    refusal = _of_the_database(exc)
    away = isinstance(refusal, Unavailable)
    logger.warning("The database did not do it: %s", exc, exc_info=away)
    return document_of(refusal)


def _of_the_database(exc: Exception) -> Busy | Unavailable:
    """A wait that ran out, or a database that is away: come back in a moment."""
    busy = getattr(exc.__cause__, "pgcode", None) in BUSY_PGCODES
    return Busy() if busy else Unavailable()


def _field_errors(details: Any, field: str = "") -> Iterator[dict[str, str]]:
    if isinstance(details, dict) and {"message", "code"} == set(details):
        yield {"field": field or "body", **details}
    elif isinstance(details, dict):
        for name, inner in details.items():
            known = name != "non_field_errors"
            path = f"{field}.{name}" if field and known else name if known else field
            yield from _field_errors(inner, path)
    elif isinstance(details, list):
        for inner in details:
            yield from _field_errors(inner, field)


def _speaks_problems(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/_allauth/"))


def _plain(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 404 of an unknown path: a problem document for the API, text else."""
    if _speaks_problems(request):
        return problem_response(NotFound())
    return _plain("There is no such page.", HTTPStatus.NOT_FOUND)


@csrf_exempt
def unknown_address(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever under /api/ nobody else answers, in the demo mode too."""
    return not_found(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _speaks_problems(request):
        return problem_response(BadRequest())
    return _plain("This request cannot be read.", HTTPStatus.BAD_REQUEST)


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug of ours, or a database that is away, outside REST framework."""
    exc = sys.exception()
    refusal: DomainError = ServerError()
    if isinstance(exc, OperationalError | InterfaceError):
        refusal = _of_the_database(exc)
    response = problem_response(refusal)
    if not _speaks_problems(request):
        response.content = refusal.title
        response["Content-Type"] = "text/plain; charset=utf-8"
    return response
