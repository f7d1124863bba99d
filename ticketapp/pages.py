"""The web app's own pages: one shell for every screen, and what installs it.

The app is native ES modules. An import map gives each module its address, so
files may carry a hash in their name and nothing has to be bundled or rewritten.
"""

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

STATIC = Path(__file__).resolve().parent / "static"
# In the order in which the later ones add to the earlier.
STYLES = [
    *("tokens", "base", "frame"),
    *("parts", "sheets", "prices"),
    *("screens", "buying", "bought", "door"),
]
LEAFLET = ["vendor/leaflet/leaflet.js", "vendor/leaflet/leaflet.css"]
# What modules import by name -> the packaged file that it is.
PACKAGES = {
    "preact": "vendor/preact/preact.mjs",
    "preact/hooks": "vendor/preact-hooks/hooks.mjs",
    "htm": "vendor/htm/htm.module.js",
    "leaflet": "vendor/leaflet/leaflet.js",
    "qr/decode.js": "vendor/qr/decode.js",
}
# What packages import by its address beside them.
PARTS_OF_PACKAGES = ["vendor/qr/index.js"]
# Loaded when it is shown, and only at the door: buyers never fetch the decoder.
MAP, DECODER = "leaflet", "qr/decode.js"
MANIFEST_ICONS = [
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable-512.png", "512x512", "maskable"),
]
OSM_CREDIT = "© OpenStreetMap contributors"


@require_safe
def shell(request: HttpRequest, **_place: object) -> HttpResponse:
    """Serve the same page for every screen: the router reads the address."""
    response = render(
        request,
        "app/shell.html",
        {
            "config": _config(),
            "import_map": _import_map(),
            "main": static("app/js/main.js"),
            "modules": [static(name) for name in [*_modules(), *_first_packages()]],
            "styles": [static(name) for name in _styles()],
        },
    )
    # Asked for again each time, but the browser may keep it for "back".
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Say how the app is called, looks and starts when it is installed."""
    response = JsonResponse(
        {
            "id": "/",
            "name": "ticketapp",
            "short_name": "ticketapp",
            "description": "Tonight's unsold seats, near you, at one total price.",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "lang": "en-GB",
            "background_color": "#0f0f12",
            "theme_color": "#0f0f12",
            "categories": ["entertainment", "lifestyle"],
            "icons": [
                {
                    "src": static(f"app/icons/{name}"),
                    "sizes": sizes,
                    "type": "image/png",
                    "purpose": purpose,
                }
                for name, sizes, purpose in MANIFEST_ICONS
            ],
            "shortcuts": [{"name": "Tickets", "url": "/tickets"}],
        },
        content_type="application/manifest+json",
    )
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the worker from the root, so that every screen is in its scope.

    Browsers compare it byte by byte: its version is a digest of all that the
    app is made of, so any change installs a new one, and nothing else does.
    """
    files = [static(name) for name in _precached()]
    app = {
        "version": _version(),
        "shell": reverse("app-shell"),
        "files": files,
        "isHashed": not settings.DEBUG,
    }
    source = (STATIC / "app/sw.js").read_text(encoding="utf-8")
    response = HttpResponse(
        f"self.APP = {json.dumps(app)};\n{source}", content_type="text/javascript"
    )
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = "/"
    return response


def _config() -> dict[str, object]:
    """What the app has to know before it asks the API anything."""
    tiles = {"url": settings.MAP_TILES_URL, "attribution": OSM_CREDIT}
    locales = sorted(path.stem for path in (STATIC / "app/locales").glob("*.json"))
    return {
        "debug": settings.DEBUG,
        "tiles": tiles if settings.MAP_TILES_URL else None,
        "locales": {name: static(f"app/locales/{name}.json") for name in locales},
    }


def _import_map() -> str:
    """Package names, and each module's plain address where it has a hashed one."""
    imports = {name: static(path) for name, path in PACKAGES.items()}
    for name in [*_modules(), *PARTS_OF_PACKAGES]:
        plain, served = f"{settings.STATIC_URL}{name}", static(name)
        if plain != served:
            imports[plain] = served
    # Addresses of our own making, and "<" escaped: nothing can close the element.
    return mark_safe(json.dumps({"imports": imports}).replace("<", "\\u003c"))


def _modules() -> list[str]:
    folder = STATIC / "app/js"
    return sorted(f"app/js/{path.relative_to(folder)}" for path in folder.rglob("*.js"))


def _first_packages() -> list[str]:
    """Those that the first screen needs."""
    return [path for name, path in PACKAGES.items() if name not in (MAP, DECODER)]


def _styles() -> list[str]:
    return [LEAFLET[1], *(f"app/css/{name}.css" for name in STYLES)]


def _precached() -> list[str]:
    icons = [f"app/icons/{name}" for name, _sizes, _purpose in MANIFEST_ICONS]
    locales = [f"app/locales/{p.name}" for p in (STATIC / "app/locales").glob("*.json")]
    packages = [path for name, path in PACKAGES.items() if name != DECODER]
    return [*_styles(), *_modules(), *packages, *icons[:1], *sorted(locales)]


def _version() -> str:
    return _digest() if settings.DEBUG else _digest_once()


@lru_cache(maxsize=1)
def _digest_once() -> str:
    return _digest()


def _digest() -> str:
    """A short digest of every file of the app, its shell and what it builds on."""
    digest = sha256(json.dumps(_config()).encode())
    folders = [STATIC / "app", *(folder for _, folder in settings.STATICFILES_DIRS)]
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix != ".map":
                digest.update(path.name.encode() + path.read_bytes())
    digest.update(get_template("app/shell.html").template.source.encode())
    return digest.hexdigest()[:12]
