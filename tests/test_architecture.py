"""The layers point one way down, and nothing finds a way round them."""

import ast
import re
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parent.parent
LAYERS = ["ticketapp", "accounts", "notifications", "events", "inventory", "payments"]
# Where the parts are put together: it may name the sockets of the apps above.
COMPOSITION_ROOT = ROOT / "ticketapp" / "asgi.py"
ROUND_ABOUT = {"get_model", "import_module"}
# A module of signals, `receiver`, and `.connect` of anything named like a signal.
OF_SIGNALS = re.compile(
    r"\bsignals\b|^django\.dispatch\b|\breceiver$"
    r"|\b(pre|post)_\w+\.connect$|_(changed|created|started|finished)\.connect$"
)


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


def uses_of_signals(code: str) -> set[str]:
    """The names by which this code gets at a signal or connects to one."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            paths = {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            paths = {alias.name for alias in node.names}
        elif isinstance(node, ast.Call):
            paths = {ast.unparse(node.func)}
        else:
            continue
        found |= {path for path in paths if OF_SIGNALS.search(path)}
    return found


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
        assert not uses_of_signals(path.read_text()), path


@pytest.mark.parametrize(
    "code",
    [
        "from django.dispatch import receiver",
        "import django.dispatch",
        "from django.db.models.signals import post_save as saved",
        "from django.db.models import signals",
        "from django.core import signals as ours",
        "import django.db.models.signals",
        "from allauth.account.signals import user_signed_up",
        "from django.db.backends.signals import connection_created",
        "models.signals.post_save.connect(work, sender=Order)",
        "django.test.signals.setting_changed.connect(work)",
        "post_save.connect(work)",
        "@receiver(post_save)\ndef work(**_): ...",
    ],
)
def test_each_way_to_use_a_signal_is_seen(code):
    assert uses_of_signals(code)


@pytest.mark.parametrize(
    "code", ["import signal", "psycopg2.connect(dsn)", "self.connect()"]
)
def test_what_only_looks_like_a_signal_is_let_be(code):
    assert not uses_of_signals(code)


@pytest.mark.django_db
def test_the_driver_is_psycopg2():
    connection.ensure_connection()

    assert type(connection.connection).__module__.startswith("psycopg2")
