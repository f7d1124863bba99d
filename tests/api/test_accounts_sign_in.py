"""Signing in by e-mail code, the same for everybody."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import caches
from django.db import connection
from django.test import Client

from accounts import authentication, services
from accounts.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db
AUTH = "/_allauth/app/v1/auth/"


def post(path, body, token=None):
    headers = {"x-session-token": token} if token else {}
    return Client().post(AUTH + path, body, "application/json", headers=headers)


def ask(email="new@example.com"):
    answer = post("code/request", {"email": email})
    return answer, answer.json()["meta"]["session_token"]


def code_sent():
    return re.search(r"\d{4}-\d{4}", mail.outbox[-1].body)[0]


def sign_in(email="new@example.com"):
    _, token = ask(email)
    return post("code/confirm", {"code": code_sent()}, token)


def token_of(answer):
    return answer.json()["meta"]["session_token"]


def me(token):
    return Client().get("/api/v1/me", headers={"x-session-token": token})


def test_a_new_address_gets_an_account_when_its_code_comes_back():
    asked, token = ask("New@Example.com")
    before = User.objects.count()
    confirmed = post("code/confirm", {"code": code_sent()}, token)

    assert asked.status_code == 401
    assert before == 0
    assert confirmed.status_code == 200
    assert me(token_of(confirmed)).json()["email"] == "new@example.com"
    address = EmailAddress.objects.get()
    assert (address.email, address.verified, address.primary) == (
        "new@example.com",
        True,
        True,
    )
    assert not User.objects.get().has_usable_password()


def test_a_known_address_signs_in_to_its_account():
    known = make.buyer(email="known@example.com")

    assert me(token_of(sign_in("Known@example.com"))).json()["id"] == str(known.pk)
    assert User.objects.count() == 1


def test_signing_in_again_finds_the_same_account():
    first, second = sign_in(), sign_in()

    assert me(token_of(first)).json() == me(token_of(second)).json()
    assert token_of(first) != token_of(second)


def test_nobody_learns_which_addresses_have_accounts(django_assert_num_queries):
    make.buyer(email="known@example.com")
    ask("warm-up@example.com")
    statements = []
    answers = []
    for email in ["known@example.com", "fresh@example.com"]:
        with connection.execute_wrapper(
            lambda run, sql, *rest: statements.append(sql.split()[0]) or run(sql, *rest)
        ):
            answer, token = ask(email)
        text = answer.content.decode().replace(token, "TOKEN")
        answers.append((answer.status_code, text, list(statements)))
        statements.clear()

    assert answers[0] == answers[1]
    bodies = [re.sub(r"\d{4}-\d{4}", "CODE", m.body) for m in mail.outbox[-2:]]
    assert bodies[0] == bodies[1]
    assert mail.outbox[-1].subject.startswith("Your sign-in code is ")


def test_the_mail_says_how_long_the_code_is_good():
    ask()

    assert "for the next 10 minutes" in mail.outbox[0].body
    assert mail.outbox[0].to == ["new@example.com"]


def test_a_wrong_code_signs_nobody_in():
    _, token = ask()
    answer = post("code/confirm", {"code": "0000-0000"}, token)

    assert answer.status_code == 400
    assert me(token).status_code == 401
    assert not User.objects.exists()


def test_after_three_wrong_codes_the_right_one_is_no_good():
    _, token = ask()
    for _ in range(3):
        post("code/confirm", {"code": "0000-0000"}, token)
    answer = post("code/confirm", {"code": code_sent()}, token)

    assert answer.status_code in {401, 409, 410}
    assert not User.objects.exists()


def test_a_code_works_once():
    _, token = ask()
    post("code/confirm", {"code": code_sent()}, token)
    again = post("code/confirm", {"code": code_sent()}, token)

    assert again.status_code in {401, 409, 410}


def test_a_code_of_one_session_is_no_good_in_another():
    _, victims = ask("victim@example.com")
    code = code_sent()
    _, attackers = ask("attacker@example.com")
    answer = post("code/confirm", {"code": code}, attackers)

    assert answer.status_code == 400
    assert me(attackers).status_code == me(victims).status_code == 401


def test_a_token_before_the_code_is_no_sign_in():
    _, token = ask()

    assert me(token).status_code == 401


def test_asking_too_often_is_429_and_says_for_how_long():
    answers = [post("code/request", {"email": "a@example.com"}) for _ in range(4)]

    assert [a.status_code for a in answers] == [401, 401, 401, 429]
    assert answers[3].json()["code"] == "throttled"
    assert answers[3]["Retry-After"] == "60"
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@", "a@b@c.example", None, "a" * 300]
)
def test_an_address_that_is_none_is_refused(email):
    answer = post("code/request", {"email": email})

    assert answer.status_code == 400
    assert not mail.outbox


def test_an_account_that_is_switched_off_does_not_get_in():
    make.buyer(email="off@example.com", is_active=False)
    answer = sign_in("off@example.com")

    assert answer.status_code == 401
    assert User.objects.get().is_active is False


def test_an_account_that_is_switched_off_is_out_at_once():
    token = token_of(sign_in())
    User.objects.update(is_active=False)

    assert me(token).status_code == 401


def test_a_new_password_ends_the_sessions_of_the_old_one():
    token = token_of(sign_in())
    user = User.objects.get()
    user.set_password("of their own choice")
    user.save()

    assert me(token).status_code == 401


def test_a_session_outlives_the_change_of_the_servers_secret_key(settings):
    token = token_of(sign_in())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new secret key that is long enough for signatures"

    assert [me(token).status_code for _ in range(2)] == [200, 200]


def test_a_way_of_signing_in_that_was_taken_away_lets_nobody_in(settings):
    token = token_of(sign_in())
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    known = Session.objects.get(pk=token).get_decoded()[BACKEND_SESSION_KEY]

    assert known not in settings.AUTHENTICATION_BACKENDS
    assert me(token).status_code == 401


def test_a_token_of_an_account_that_is_gone_is_no_good():
    token = token_of(sign_in())
    EmailAddress.objects.all().delete()
    User.objects.all().delete()

    assert me(token).status_code == 401


def test_a_found_user_is_whole():
    made = make.buyer(name="Ada", is_staff=True)

    found = authentication.find_user(made.pk)

    assert found.get_deferred_fields() == set()
    assert (found.pk, found.email, found.name) == (made.pk, made.email, "Ada")
    assert found.is_staff
    assert not found.is_superuser


def test_signing_out_ends_the_token():
    token = token_of(sign_in())
    answer = Client().delete(AUTH + "session", headers={"x-session-token": token})

    assert answer.status_code == 401
    assert me(token).status_code == 401
    assert not Session.objects.filter(pk=token).exists()


@pytest.mark.parametrize(
    "path",
    [
        "login",
        "signup",
        "password/request",
        "password/reset",
        "email/verify",
        "code/resend",
    ],
)
def test_there_is_no_other_way_in(path):
    answer = post(path, {"email": "a@example.com", "password": "long-Passw0rd"})

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert not User.objects.exists()
    assert not mail.outbox


def test_an_unknown_address_of_sign_in_is_a_problem_document(client):
    answer = client.get("/_allauth/app/v1/nothing")

    assert answer.json()["code"] == "not_found"


def test_a_signed_in_call_costs_one_query(django_assert_num_queries):
    token = token_of(sign_in())
    me(token)

    with django_assert_num_queries(1):
        me(token)


def test_without_the_cache_sessions_come_from_the_database(django_assert_num_queries):
    token = token_of(sign_in())
    caches["sessions"].clear()

    with django_assert_num_queries(2):
        assert me(token).status_code == 200


@pytest.fixture
def redis_is_away(settings):
    settings.CACHES = {
        name: cache | {"LOCATION": "unix:///nowhere/redis.sock"}
        for name, cache in settings.CACHES.items()
    }


def test_without_redis_the_signed_in_go_on(request):
    token = token_of(sign_in())
    request.getfixturevalue("redis_is_away")
    headers = {"x-session-token": token}
    renamed = Client().patch(
        "/api/v1/me", {"name": "Ada"}, "application/json", headers=headers
    )

    assert me(token).json()["name"] == renamed.json()["name"] == "Ada"


def test_sessions_are_read_from_the_store_that_sign_in_writes(settings):
    assert cached_db.__name__ == settings.SESSION_ENGINE
    assert authentication.SessionStore is cached_db.SessionStore


def test_a_token_lives_for_two_months(settings):
    token = token_of(sign_in())

    age = authentication.SessionStore(token).get_expiry_age()
    assert age == settings.SESSION_TOKEN_LIFETIME


def test_a_session_that_only_asked_is_soon_forgotten(settings):
    _, token = ask()

    age = authentication.SessionStore(token).get_expiry_age()
    assert age == settings.ACCOUNT_LOGIN_TIMEOUT


@pytest.mark.django_db(transaction=True)
def test_two_devices_that_prove_one_new_address_share_an_account():
    def prove(_):
        user = services.prove_address(email="both@example.com", user=None)
        connection.close()
        return user.pk

    with ThreadPoolExecutor(8) as pool:
        accounts = set(pool.map(prove, range(8)))

    assert len(accounts) == User.objects.count() == EmailAddress.objects.count() == 1


@pytest.mark.parametrize("body", ["{bad", "[]", b"\xff"])
def test_a_body_that_cannot_be_read_is_a_problem(client, body):
    asked = client.post(
        AUTH + "code/request",
        {"email": "ada@example.com"},
        content_type="application/json",
    )
    session = {"X-Session-Token": asked.json()["meta"]["session_token"]}

    for step in ["code/request", "code/confirm"]:
        answer = client.post(
            AUTH + step, body, content_type="application/json", headers=session
        )

        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "parse_error"
