import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/events"
GERMAN = {"accept-language": "de"}


def test_a_public_read_is_one_answer_for_every_language_and_visitor(client):
    answer = client.get(EVENTS, headers=GERMAN)

    assert answer.status_code == 200
    assert "Vary" not in answer.headers
    assert not answer.cookies


def test_the_api_does_not_speak_the_language_of_the_page_before(client):
    page = client.get("/admin/login/", headers=GERMAN)
    refused = client.get(f"{EVENTS}?lat=north&lon=0", headers=GERMAN)

    assert page["Content-Language"] == "de"
    assert refused.json()["errors"][0]["message"] == "A valid number is required."


def test_a_form_of_a_page_still_needs_its_token():
    answer = Client(enforce_csrf_checks=True).post("/admin/login/")

    assert answer.status_code == 403
