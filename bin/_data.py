"""What must be there before the servers start: tables, demo data, static files."""

from __future__ import annotations

import subprocess

from _console import Failed, step
from _environment import chosen, project_environment
from _place import Place


def prepare_data(place: Place) -> None:
    """Bring them up to date. Safe to repeat."""
    with step("Database migrations"):
        manage(place, "migrate", "--no-input")
    accounts = place.run / "demo.txt"
    accounts.unlink(missing_ok=True)
    if is_demo(place):
        with step("Demo data"):
            accounts.write_text(manage(place, "seed_demo"))
    else:
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
