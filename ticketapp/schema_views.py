"""The API description for machines, and for people on one page."""

import hashlib
from functools import cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from ticketapp.schema_page import page_of

JSON = "application/vnd.oai.openapi+json"
YAML = "application/vnd.oai.openapi"


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document; it changes only with the code, so it is made once."""
    return SchemaGenerator().get_schema(public=True)


@cache
def as_json() -> bytes:
    return orjson.dumps(description(), default=str)


@cache
def as_yaml() -> bytes:
    return OpenApiYamlRenderer().render(description())


@cache
def contents() -> dict[str, Any]:
    return page_of(description())


@cache
def version(yaml: bool) -> str:
    written = as_yaml() if yaml else as_json()
    return f'"{hashlib.sha256(written).hexdigest()[:32]}"'


def wants_yaml(request: HttpRequest) -> bool:
    """YAML for those who name it, JSON for everybody else."""
    accepted = request.headers.get("Accept", "").split(",")
    kinds = {kind.partition(";")[0].strip() for kind in accepted}
    named = kinds & {YAML, "application/yaml", "text/yaml", "application/x-yaml"}
    return bool(named) or request.GET.get("format") == "yaml"


@require_safe
@cache_control(public=True, max_age=300)
@condition(etag_func=lambda request: version(wants_yaml(request)))
def schema(request: HttpRequest) -> HttpResponse:
    if wants_yaml(request):
        answer = HttpResponse(as_yaml(), content_type=YAML)
    else:
        answer = HttpResponse(as_json(), content_type=JSON)
    answer["Vary"] = "Accept"
    return answer


@require_safe
@cache_control(public=True, max_age=300)
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation, shape and problem code, on a page without any script."""
    return render(request, "api/docs.html", contents())
