"""The environment that the project's processes run in, here on this checkout."""

from __future__ import annotations

import os
import secrets
import shlex
from pathlib import Path

from _console import Failed
from _place import Place

GENERATED_SECRETS = ("SECRET_KEY", "TICKET_SIGNING_KEY")
DEFAULT_PORT = 8000
# On all addresses only when asked: the demo's accounts have well-known passwords.
DEFAULT_HOST = "127.0.0.1"


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of an .env file; what is not NAME=value is ignored."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip().isidentifier():
            found[name.strip()] = " ".join(shlex.split(value, comments=True))
    return found


def chosen(place: Place, name: str, default: str) -> str:
    """A variable as the settings will see it: environment first, then .env."""
    dotenv = read_dotenv(place.checkout / ".env")
    return os.environ.get(name) or dotenv.get(name) or default


def port(place: Place) -> int:
    text = chosen(place, "PORT", str(DEFAULT_PORT))
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Failed(f"PORT={text} is not a port: it must be a number up to 65535.")
    return int(text)


def project_environment(place: Place) -> dict[str, str]:
    """What manage.py and the servers get: this checkout's services and secrets.

    DATABASE_URL and REDIS_URL of the calling shell are ignored, because they may
    belong to another checkout; to use other servers, set them in `.env`.
    """
    dotenv = read_dotenv(place.checkout / ".env")
    result = dict(os.environ)
    result["PATH"] = f"{place.checkout / '.venv/bin'}{os.pathsep}{result['PATH']}"
    for name, value in place.environment().items():
        result.pop(name, None)
        if name not in dotenv:
            result[name] = value
    own = {"DEBUG": "1", "PORT": str(DEFAULT_PORT), **demo_secrets(place)}
    for name, value in own.items():
        if name not in dotenv:
            result.setdefault(name, value)
    return result


def demo_secrets(place: Place) -> dict[str, str]:
    """Secrets of this checkout, made once and kept where only we can read."""
    path = place.run / "secrets.env"
    if not path.exists():
        place.make_private()
        lines = [f"{name}={secrets.token_urlsafe(48)}\n" for name in GENERATED_SECRETS]
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.writelines(lines)
        fresh.rename(path)
    return read_dotenv(path)
