"""How tests prove that a refusal is clear, and that nothing has changed."""

from django.apps import apps
from django.utils import timezone

from tests.paying import assert_books_are_right


def everything() -> dict[str, list]:
    """Every row of stock and money, the provider's included."""
    models = [*apps.get_app_config("inventory").get_models()]
    models += apps.get_app_config("payments").get_models()
    return {
        model.__name__: sorted(map(repr, model._default_manager.values()))
        for model in models
        if not model._meta.proxy
    }


def refused(send, status, code, *, field="") -> dict:
    """The refusal that `send` meets, after which all is as it was."""
    before = everything()

    answer = send()

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["title"]
    assert problem["detail"]
    if field:
        assert field in {error["field"] for error in problem["errors"]}
    assert everything() == before
    assert_books_are_right(timezone.now())
    return problem
