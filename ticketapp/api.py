"""What every endpoint shares: pages, and query parameters that are all known."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.http import QueryDict
from django.http.response import HttpResponseBase
from rest_framework import exceptions, pagination, serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView


class KeysetPagination(pagination.CursorPagination):
    """Pages that stay put while rows arrive, without counting them all.

    A list says its order with `ordering` on the view; the first field should be
    as good as unique, because it is what the cursor remembers.
    """

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"
    page_size_query_description = "Results per page, from 1 to 100."
    cursor_query_description = "Where to go on: copied from `next` or `previous`."

    def get_ordering(self, request, queryset, view):
        ordering = getattr(view, "ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def get_page_size(self, request) -> int:
        """A size that is not a number from 1 to 100 is refused, never bent."""
        raw = request.query_params.get(self.page_size_query_param)
        if raw is None:
            return self.page_size
        number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 4 else 0
        if not 1 <= number <= self.max_page_size:
            raise exceptions.ValidationError(
                {"page_size": [f"Give a whole number from 1 to {self.max_page_size}."]}
            )
        return number

    def paginate_queryset(self, queryset, request, view=None) -> list | None:
        """A cursor that nobody here wrote is bad input, whatever it breaks."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (exceptions.NotFound, DjangoValidationError, ValueError, DataError):
            if self.cursor_query_param not in request.query_params:
                raise
            message = "Use the address in `next` or `previous` as it is."
            raise exceptions.ValidationError({"cursor": [message]}) from None


def all_of(results: Any) -> dict[str, Any]:
    """The shape of every list, for one that has a single page."""
    return {"results": results, "next": None, "previous": None}


def refuse_unknown(given: QueryDict, *, known: Iterable[str]) -> None:
    """Refuse query parameters that are not `known`, and any that come twice."""
    known = set(known)
    once = all(len(values) == 1 for _, values in given.lists())
    if once and known.issuperset(given):
        return
    errors = _complaints(given, sorted(known))
    raise exceptions.ValidationError(errors)


def _complaints(given: QueryDict, known: list[str]) -> dict[str, list[str]]:
    allowed = f"This address knows {', '.join(known)}." if known else ""
    errors = {
        name: [f"There is no such parameter here. {allowed}".strip()]
        for name in given
        if name not in known
    }
    errors |= {
        name: ["Give this parameter once."]
        for name, values in given.lists()
        if len(values) > 1 and name not in errors
    }
    return errors


class Reader(serializers.Serializer):
    """What a request says, as serializer fields: read by one for all requests.

    It keeps nothing of them, and making its fields takes longer than reading.
    """

    @classmethod
    @cache
    def reader(cls) -> "Reader":
        return cls()


class Body(Reader):
    """The body that an endpoint understands."""

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """Give the cleaned values, or refuse what is missing or wrong."""
        return cls.reader().run_validation(request.data)


class QueryParams(Reader):
    """The query parameters that an endpoint understands."""

    @classmethod
    def read(cls, request: Request, *, also: Iterable[str] = ()) -> dict[str, Any]:
        """Give the cleaned values, or refuse what is unknown, doubled or wrong.

        `also` names parameters that somebody else reads, such as the paginator.
        """
        reader = cls.reader()
        refuse_unknown(request.query_params, known={*reader.fields, *also})
        # Plain, not a form: an empty value is a value, and a wrong one.
        return reader.run_validation(request.query_params.dict())


class StrictQueryMixin(APIView):
    """Refuse unknown query parameters, and keep answers out of caches.

    `query_serializer_class` says which ones a GET understands, apart from the
    paginator's; its cleaned values are in `self.query`. The API description
    takes them from there too.
    """

    query_serializer_class: type[QueryParams] = QueryParams
    query: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in self.allowed_methods:
            return  # That is refused next, and is the better answer.
        if request.method in SAFE_METHODS:
            also = paginator_params(self)
            self.query = self.query_serializer_class.read(request, also=also)
        else:
            refuse_unknown(request.query_params, known=())

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """What does not say that it may be kept is for one person and one time."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def paginator_params(view: APIView) -> set[str]:
    """The query parameters that the view's paginator reads."""
    paginator = getattr(view, "paginator", None)
    if not isinstance(paginator, pagination.CursorPagination):
        return set()
    return {paginator.cursor_query_param, paginator.page_size_query_param}
