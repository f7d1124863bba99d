import pytest

pytestmark = pytest.mark.django_db


def policy(client, path: str) -> dict[str, str]:
    header = client.get(path).headers["Content-Security-Policy"]
    parts = [part.strip().partition(" ") for part in header.split(";")]
    return {name: sources for name, _, sources in parts}


def test_the_app_runs_only_its_own_scripts(client):
    scripts = policy(client, "/")["script-src"]

    assert "'nonce-" in scripts
    assert "unsafe" not in scripts
    assert "http" not in scripts


def test_the_admin_may_evaluate_its_theme_but_load_nothing_from_outside(client):
    rules = policy(client, "/admin/login/")

    assert "'unsafe-eval'" in rules["script-src"]
    assert rules["default-src"] == rules["connect-src"] == "'self'"


def test_data_may_load_nothing_at_all(client):
    rules = policy(client, "/api/v1/events")

    assert rules == {"default-src": "'none'", "frame-ancestors": "'none'"}
