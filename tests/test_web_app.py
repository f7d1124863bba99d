"""The web app as the server serves it: shell, manifest, service worker, words."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

APP = settings.BASE_DIR / "ticketapp/static/app"
BRITISH = re.compile(
    "cancell|travell|label?led|metre|litre|centre|theatre|colour|favour|honour|neighbour"
    "|behaviour|programme|catalogue|cheque|grey|licence|defence|offence|practis"
    "|judgement|organis|recognis|realis|apologis",
    re.IGNORECASE,
)
UUID = "6b1f3c0e-4a58-4b0a-9d43-0f6f5f0d9c11"
SCREENS = [
    "/",
    "/search",
    "/tickets",
    "/you",
    "/door",
    f"/events/{UUID}",
    f"/checkout/{UUID}",
    f"/orders/{UUID}",
    f"/tickets/{UUID}",
]


def import_map(html: str) -> dict[str, str]:
    element = re.search(r'<script type="importmap" nonce="[^"]+">(.*?)</script>', html)
    assert element
    return json.loads(element[1])["imports"]


def found(client, path: str) -> str:
    """The type of a static file, or nothing when it is not there."""
    with closing(client.get(path)) as response:
        return response["Content-Type"] if response.status_code == 200 else ""


@pytest.mark.parametrize("path", SCREENS)
def test_every_screen_has_an_address_that_can_be_opened(client, path):
    response = client.get(path)

    assert response.status_code == 200
    assert '<div id="app">' in response.text


def test_an_address_that_is_no_screen_is_not_found(client):
    assert client.get("/nowhere").status_code == 404


def test_only_what_carries_the_nonce_or_is_ours_may_run(client):
    response = client.get("/")

    nonce = re.search(r'importmap" nonce="([^"]+)"', response.text)[1]
    rules = response["Content-Security-Policy"]
    assert f"'nonce-{nonce}'" in rules
    assert "unsafe-inline" not in rules
    assert "unsafe-eval" not in rules
    assert not re.search(r"\sstyle=|<style|\son\w+=", response.text)


@pytest.mark.django_db  # closing a served file looks after connections
def test_every_module_named_in_the_shell_is_there(client):
    html = client.get("/").text

    named = [
        *import_map(html).values(),
        *re.findall(r'<link rel="(?:modulepreload|stylesheet)" href="([^"]+)"', html),
    ]
    assert len(named) > 40
    for path in named:
        assert found(client, path), path


@pytest.mark.django_db
def test_the_app_can_be_installed(client):
    response = client.get("/manifest.webmanifest")

    manifest = response.json()
    assert response["Content-Type"] == "application/manifest+json"
    assert manifest["display"] == "standalone"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert "maskable" in {icon["purpose"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        assert found(client, icon["src"]) == "image/png"


def test_the_service_worker_rules_all_screens_and_is_asked_for_each_time(client):
    response = client.get("/sw.js")

    assert response["Content-Type"].startswith("text/javascript")
    assert response["Service-Worker-Allowed"] == "/"
    assert response["Cache-Control"] == "no-cache"


def test_a_changed_file_makes_a_new_service_worker(client, settings, tmp_path):
    settings.DEBUG = True
    (tmp_path / "package.js").write_text("1")
    settings.STATICFILES_DIRS = [("vendor/package", tmp_path)]
    before = client.get("/sw.js").content

    assert client.get("/sw.js").content == before
    (tmp_path / "package.js").write_text("2")
    assert client.get("/sw.js").content != before


def test_modules_are_found_by_their_hashed_names_in_production(tmp_path):
    environment = os.environ | {
        "DEBUG": "0",
        "ALLOW_SANDBOX": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "TICKET_SIGNING_KEY": settings.TICKET_SIGNING_KEY,
        "DJANGO_SETTINGS_MODULE": "ticketapp.settings",
        "ALLOWED_HOSTS": "testserver",
    }
    script = tmp_path / "shell.py"
    script.write_text(
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        f"settings.STATIC_ROOT = {str(tmp_path / 'static')!r}\n"
        "from django.core.management import call_command\n"
        "call_command('collectstatic', interactive=False, verbosity=0)\n"
        "from django.test import Client\n"
        "print(Client().get('/').text)\n"
    )

    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=settings.BASE_DIR,
        env=environment | {"PYTHONPATH": str(settings.BASE_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    imports = import_map(done.stdout)
    hashed = re.compile(r"/static/app/js/lib/api\.[0-9a-f]{12}\.js")
    assert hashed.fullmatch(imports["/static/app/js/lib/api.js"])
    # By name, and by the address by which one file of a package asks for another.
    for name in ("preact", "qr/decode.js", "/static/vendor/qr/index.js"):
        assert (tmp_path / imports[name].removeprefix("/")).exists()


def texts_of_the_app() -> set[str]:
    source = "\n".join(path.read_text() for path in (APP / "js").rglob("*.js"))
    return set(re.findall(r'"((?:[^"\\\n]|\\.)+)"', source))


def test_each_translation_is_of_a_text_that_the_app_says():
    texts = texts_of_the_app()

    for catalogue in (APP / "locales").glob("*.json"):
        unknown = json.loads(catalogue.read_text()).keys() - texts
        assert not unknown, f"{catalogue.name}: {unknown}"


def test_americans_read_what_they_spell_another_way_as_they_spell_it():
    # A name, such as of a status, is read by nobody.
    texts = {text for text in texts_of_the_app() if not re.fullmatch("[a-z_]+", text)}

    american = json.loads((APP / "locales/en-US.json").read_text())

    british = {text for text in texts if BRITISH.search(text)}
    assert british <= american.keys()
    assert not any(BRITISH.search(text) for text in american.values())


def test_no_colour_and_no_size_of_text_is_set_outside_the_tokens():
    """White under a ticket's code is the one exception: scanners want it."""
    colours = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\(", re.IGNORECASE)

    for sheet in (APP / "css").glob("*.css"):
        if sheet.name != "tokens.css":
            rules = re.sub(
                r"/\*.*?\*/|mask-image:[^;]+;", "", sheet.read_text(), flags=re.DOTALL
            )
            assert set(colours.findall(rules)) <= {"#fff"}, sheet.name


def test_modules_stay_small_and_talk_to_the_server_in_few_places():
    fetching = set()
    for path in (APP / "js").rglob("*.js"):
        source = path.read_text()
        assert source.count("\n") < 400, path.name
        if re.search(r"\bfetch\(|new WebSocket\(", source):
            fetching.add(path.name)

    assert fetching == {"api.js", "i18n.js", "live.js", "sandbox-cards.js"}


def test_the_app_fits_the_api_as_it_is_now(tmp_path):
    """Types made anew from the description; `npm run types` keeps them."""
    bare = tmp_path / "bare"
    copy = bare / APP.relative_to(settings.BASE_DIR)
    shutil.copytree(APP, copy)
    for name in ("tsconfig.json", "tsconfig.sw.json"):
        shutil.copy(settings.BASE_DIR / name, bare / name)
    (bare / "node_modules").symlink_to(settings.BASE_DIR / "node_modules")
    description = tmp_path / "schema.json"
    call_command("spectacular", format="openapi-json", file=str(description))

    tool("openapi-typescript", str(description), "-o", str(copy / "schema.d.ts"))
    said = tool("typescript/bin/tsc", "--project", str(bare / "tsconfig.json"))

    assert said == "", "The app does not fit the API. First: npm run types"


def tool(name: str, *arguments: str) -> str:
    """Run a packaged tool; what it says, if it found fault."""
    packages = settings.BASE_DIR / "node_modules"
    script = packages / name if "/" in name else packages / ".bin" / name
    assert script.exists(), "npm packages are missing: npm ci --ignore-scripts"
    done = subprocess.run(
        [str(Path(sys.executable).parent / "node"), str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_the_door_is_found_with_a_slash_too(client):
    assert client.get("/door/").headers["Location"] == "/door"
