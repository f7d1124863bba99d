"""The demo's database: migrated, filled, and its static files where they are needed."""

from __future__ import annotations

import subprocess

from _console import Failed, step
from _environment import chosen, project_environment
from _place import Place


def prepare_data(place: Place) -> None:
    """Bring the database and the static files up to date. Safe to repeat."""
    with step("Database migrations"):
        manage(place, "migrate", "--no-input")
    if any(place.checkout.glob("*/management/commands/seed_demo.py")):
        with step("Demo data"):
            said = manage(place, "seed_demo")
        (place.run / "demo.txt").write_text(said)
    if not is_demo(place):
        with step("Static files"):
            manage(place, "collectstatic", "--no-input")


def is_demo(place: Place) -> bool:
    """Whether DEBUG is on, read as the settings read it."""
    return chosen(place, "DEBUG", "1").lower() in {"1", "true", "on", "ok", "y", "yes"}


def manage(place: Place, *arguments: str) -> str:
    """Run a management command of this checkout and return what it says."""
    done = subprocess.run(
        [str(place.checkout / ".venv/bin/python"), "manage.py", *arguments],
        cwd=place.checkout,
        env=project_environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(
            f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}\n"
            "If the demo's data is of no value: bin/down --purge, then bin/up."
        )
    return done.stdout
