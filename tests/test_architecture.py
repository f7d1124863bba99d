"""The layers point one way down, and nothing finds a way round them."""

import ast
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parent.parent
LAYERS = ["ticketapp", "accounts", "notifications", "events", "inventory", "payments"]
# Where the parts are put together: it may name the sockets of the apps above.
COMPOSITION_ROOT = ROOT / "ticketapp" / "asgi.py"
ROUND_ABOUT = {"get_model", "import_module"}


def sources(app: str) -> list[Path]:
    found = [p for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts]
    return [path for path in found if path != COMPOSITION_ROOT]


def tree_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def imported_packages(path: Path) -> set[str]:
    nodes = tree_of(path)
    names = [n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
    return {name.split(".")[0] for name in names}


def called_names(path: Path) -> set[str]:
    calls = [n.func for n in tree_of(path) if isinstance(n, ast.Call)]
    return {getattr(func, "attr", getattr(func, "id", "")) for func in calls}


def foreign_key_strings(path: Path) -> set[str]:
    keys = {"ForeignKey", "OneToOneField", "ManyToManyField"}
    calls = [n for n in tree_of(path) if isinstance(n, ast.Call) and n.args]
    targets = [c.args[0] for c in calls if getattr(c.func, "attr", "") in keys]
    return {str(t.value) for t in targets if isinstance(t, ast.Constant)}


def apps_above(app: str) -> set[str]:
    return set(LAYERS[LAYERS.index(app) + 1 :])


@pytest.mark.parametrize("app", LAYERS)
def test_an_app_imports_only_from_the_apps_below_it(app):
    for path in sources(app):
        assert not imported_packages(path) & apps_above(app), path


@pytest.mark.parametrize("app", LAYERS)
def test_no_foreign_key_points_up_by_string(app):
    for path in sources(app):
        named = {target.split(".")[0] for target in foreign_key_strings(path)}
        assert not named & apps_above(app), path


@pytest.mark.parametrize("app", LAYERS)
def test_nobody_looks_a_model_up_by_name(app):
    for path in sources(app):
        assert not called_names(path) & ROUND_ABOUT, path


@pytest.mark.parametrize("app", LAYERS)
def test_signals_are_not_used(app):
    for path in sources(app):
        assert "receiver" not in called_names(path), path


@pytest.mark.django_db
def test_the_driver_is_psycopg2():
    connection.ensure_connection()

    assert type(connection.connection).__module__.startswith("psycopg2")
