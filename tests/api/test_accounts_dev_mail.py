"""The demo's post office."""

import subprocess
import sys

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import Client
from django.urls import include, path

pytestmark = pytest.mark.urls(__name__)
# Tests run with DEBUG off, so the demo's addresses are added here.
urlpatterns = [
    path("dev/", include("accounts.dev_urls")),
    path("", include("ticketapp.urls")),
]

LISTS_URLS = """
import django
django.setup()
from django.urls import Resolver404, resolve
for address in ["/dev/mail", "/healthz"]:
    try:
        print(address, bool(resolve(address)))
    except Resolver404:
        print(address, False)
"""
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "production-secret-key-long-enough-for-everything",
    "TICKET_SIGNING_KEY": "production-signing-key-long-enough-for-everything",
    "ALLOW_SANDBOX": "1",
    "ALLOWED_HOSTS": "tickets.example.org",
    "DJANGO_SETTINGS_MODULE": "ticketapp.settings",
}


@pytest.fixture(autouse=True)
def _dev_mail(settings):
    settings.EMAIL_BACKEND = "accounts.devmail.DevMailBackend"


def send(to="a@example.com", body="Your code is 1234-5678."):
    send_mail("Code", body, None, [to])


def test_mails_are_kept_newest_first_with_their_codes(client):
    send(body="No code here.")
    send()
    newest, oldest = client.get("/dev/mail").json()["results"]

    assert (newest["to"], newest["subject"]) == ("a@example.com", "Code")
    assert (newest["code"], oldest["code"]) == ("1234-5678", None)
    assert oldest["body"] == "No code here."
    assert newest["sent_at"] > oldest["sent_at"]


def test_mails_can_be_asked_for_by_address(client):
    send("a@example.com")
    send("B@Example.com")

    [mail] = client.get("/dev/mail", {"to": "b@example.com"}).json()["results"]
    assert mail["to"] == "b@example.com"


def test_a_person_sees_a_page(client):
    message = EmailMultiAlternatives("<b>Hi</b>", "Plain", to=["a@example.com"])
    message.send()
    answer = client.get("/dev/mail", headers={"accept": "text/html,*/*"})

    assert answer["Content-Type"].startswith("text/html")
    assert b"&lt;b&gt;Hi&lt;/b&gt;" in answer.content


def test_only_the_last_two_hundred_are_kept(client):
    for number in range(205):
        send(body=f"Number {number}.")

    mails = client.get("/dev/mail").json()["results"]
    assert len(mails) == 200
    assert mails[0]["body"] == "Number 204."


def test_a_code_asked_for_in_the_app_can_be_read_there(client, db):
    body = {"email": "a@example.com"}
    Client().post("/_allauth/app/v1/auth/code/request", body, "application/json")

    [mail] = client.get("/dev/mail?to=a@example.com").json()["results"]
    assert mail["code"] in mail["body"]


@pytest.mark.parametrize(("debug", "there"), [("1", True), ("0", False)])
def test_the_box_exists_only_in_the_demo_mode(debug, there):
    done = subprocess.run(
        [sys.executable, "-c", LISTS_URLS],
        env=PRODUCTION | {"DEBUG": debug},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == [f"/dev/mail {there}", "/healthz True"]
