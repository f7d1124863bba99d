"""What every endpoint shares: pages, and RFC 9457 problem documents."""

from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions, pagination, views
from rest_framework.response import Response

from ticketapp.errors import Action, DomainError

PROBLEM = "application/problem+json"
PROBLEM_TYPE = "/api/v1/docs#problem-"
BUSY_SECONDS = 2


class KeysetPagination(pagination.CursorPagination):
    """Pages that stay put while rows arrive, without counting them all."""

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"

    def get_page_size(self, request) -> int:
        """A size that is not a number from 1 to 100 is refused, never bent."""
        raw = request.query_params.get(self.page_size_query_param)
        if raw is None:
            return self.page_size
        if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= 100:
            raise exceptions.ValidationError(
                {"page_size": ["Give a whole number from 1 to 100."]}
            )
        return int(raw)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    action: str | None = None,
    retry_after: int | None = None,
    **members: Any,
) -> dict[str, Any]:
    """Build a problem document; members that are None stay out."""
    document = {
        "type": f"{PROBLEM_TYPE}{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "action": action,
        "retry_after": retry_after,
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}


def problem_response(document: dict[str, Any]) -> HttpResponse:
    """Send a problem document from outside REST framework."""
    response = HttpResponse(
        orjson.dumps(document), status=document["status"], content_type=PROBLEM
    )
    if "retry_after" in document:
        response["Retry-After"] = str(document["retry_after"])
    return response


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Render what we anticipated; let the rest become a logged 500."""
    document = _document_for(exc)
    if document is None:
        return None
    views.set_rollback()
    response = Response(document, status=document["status"], content_type=PROBLEM)
    if "retry_after" in document:
        response["Retry-After"] = str(document["retry_after"])
    if header := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _document_for(exc: Exception) -> dict[str, Any] | None:
    if isinstance(exc, DomainError):
        return problem(
            exc.status,
            exc.code,
            str(exc),
            title=exc.title,
            action=exc.action,
            retry_after=exc.retry_after,
            meta=exc.details or None,
        )
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_field_errors(exc.get_full_details()))
        detail = "Some fields need attention: " + "; ".join(
            f"{error['field']}: {error['message']}" for error in errors
        )
        return problem(400, "invalid", detail, errors=errors)
    if isinstance(exc, Http404):
        return problem(404, "not_found", "There is nothing here that you can see.")
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, OperationalError):
        return _busy(exc)
    if isinstance(exc, exceptions.APIException):
        return _framework_problem(exc)
    return None


def _framework_problem(exc: exceptions.APIException) -> dict[str, Any]:
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else "refused"
    if code == "authentication_failed":
        code = "not_authenticated"
    wait = getattr(exc, "wait", None)
    return problem(
        exc.status_code,
        code,
        str(exc.detail),
        action=Action.SIGN_IN if exc.status_code == 401 else None,
        retry_after=max(1, round(wait)) if wait is not None else None,
    )


def _busy(exc: OperationalError) -> dict[str, Any] | None:
    """A lock or statement that ran out of its time: nothing happened, ask again."""
    if getattr(exc.__cause__, "pgcode", None) not in {"55P03", "57014", "40P01"}:
        return None
    return problem(
        503,
        "busy",
        "Too many people are asking for this at once. Nothing has changed and you "
        "have not been charged. Try again in a moment.",
        action=Action.RETRY,
        retry_after=BUSY_SECONDS,
    )


def _field_errors(details: Any, field: str = ""):
    if isinstance(details, dict) and {"message", "code"} == set(details):
        yield {"field": field or "body", **details}
    elif isinstance(details, dict):
        for name, inner in details.items():
            known = name != "non_field_errors"
            yield from _field_errors(
                inner,
                f"{field}.{name}" if field and known else name if known else field,
            )
    elif isinstance(details, list):
        for inner in details:
            yield from _field_errors(inner, field)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 404 of an unknown path: a problem document for the API, text else."""
    if request.path.startswith(("/api/", "/_allauth/")):
        return problem_response(
            problem(404, "not_found", "There is no such address in this API.")
        )
    return HttpResponse("Not found", status=404, content_type="text/plain")


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug of ours, said in the API's own words."""
    if not request.path.startswith("/api/"):
        return HttpResponse("Server error", status=500, content_type="text/plain")
    return problem_response(
        problem(
            500,
            "server_error",
            "Something broke on our side and has been logged. Look at your orders "
            "before you try again: they say whether you were charged.",
            action=Action.CONTACT_SUPPORT,
        )
    )
