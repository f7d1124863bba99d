"""The FCM client against a local server that answers as FCM v1 does."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import firebase_admin
import google.auth.credentials
import pytest
from firebase_admin import _http_client, credentials, messaging
from google.auth.exceptions import RefreshError

from notifications.push import Push, PushResult, Verdict
from notifications.push.fcm import APP_NAME, FcmPush
from tests.factories import NOON

# Firebase would like installation ids, but what fcm-django keeps are tokens.
pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated")
DETAIL = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
SENT = (200, {"name": "projects/local/messages/1"}, {})


def refusal(status, name, code=None, message="Refused.", headers=None):
    details = [{"@type": DETAIL, "errorCode": code}] if code else []
    error = {"code": status, "message": message, "status": name, "details": details}
    return status, {"error": error}, headers or {}


ANSWERS = {
    "dead": refusal(404, "NOT_FOUND", "UNREGISTERED"),
    "foreign": refusal(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    "nonsense": refusal(
        400,
        "INVALID_ARGUMENT",
        message="The registration token is not a valid FCM registration token",
    ),
    "malformed": refusal(400, "INVALID_ARGUMENT", message="Invalid value at 'ttl'"),
    "quota": refusal(
        429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", headers={"Retry-After": "90"}
    ),
    "busy": refusal(503, "UNAVAILABLE", headers={"Retry-After": "10"}),
    "locked": refusal(401, "UNAUTHENTICATED"),
}


class Fcm(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body))
        status, answer, headers = ANSWERS.get(body["message"]["token"], SENT)
        payload = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(payload)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args):
        """Quiet."""


class Anonymous(credentials.Base):
    def get_credential(self):
        return google.auth.credentials.AnonymousCredentials()


class Revoked(credentials.Base):
    class _Credential(google.auth.credentials.Credentials):
        def refresh(self, request):
            raise RefreshError("The key was revoked.")

    def get_credential(self):
        return self._Credential()


@pytest.fixture
def fcm(monkeypatch):
    """The stand-in, and a firebase app that knows no other address."""
    Fcm.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fcm)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/v1/projects/{{0}}/messages:send"
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", address)
    # Its own retries of a 503 sleep for seconds; ours wait in the outbox.
    monkeypatch.setattr(_http_client.DEFAULT_RETRY_CONFIG, "backoff_factor", 0)
    monkeypatch.setattr(
        _http_client.DEFAULT_RETRY_CONFIG, "respect_retry_after_header", False
    )
    yield Fcm
    if APP_NAME in firebase_admin._apps:
        firebase_admin.delete_app(firebase_admin.get_app(APP_NAME))
    server.shutdown()
    server.server_close()


def push(token, **fields):
    defaults = {
        "tag": "0b7e3c1c-7a0c-4a53-9d0e-1f6f2a3b4c5d",
        "title": "Doors at 20:00",
        "body": "Five left.",
        "link": "/events/1",
        "ttl": timedelta(minutes=10),
        "expires_at": NOON + timedelta(minutes=10),
    }
    return Push(token=token, **defaults | fields)


def send(*tokens, **fields):
    backend = FcmPush(credential=Anonymous(), project="local")
    return backend.send([push(token, **fields) for token in tokens])


def test_a_push_says_what_and_for_how_long(fcm):
    assert send("phone") == [PushResult(Verdict.DELIVERED)]

    [(path, body)] = fcm.seen
    message = body["message"]
    assert path == "/v1/projects/local/messages:send"
    assert message["token"] == "phone"
    assert message["notification"] == {"title": "Doors at 20:00", "body": "Five left."}
    assert message["data"] == {"link": "/events/1", "tag": push("").tag}
    assert message["android"]["ttl"] == "600s"
    assert message["android"]["notification"]["tag"] == push("").tag
    expires = str(int((NOON + timedelta(minutes=10)).timestamp()))
    assert message["apns"]["headers"]["apns-expiration"] == expires
    assert message["webpush"]["headers"]["TTL"] == "600"
    assert len(message["webpush"]["headers"]["Topic"]) <= 32


def test_no_push_is_kept_longer_than_fcm_allows(fcm):
    send("phone", ttl=timedelta(days=90))

    assert fcm.seen[0][1]["message"]["android"]["ttl"] == f"{28 * 24 * 3600}s"


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        ("dead", Verdict.DEAD),
        ("foreign", Verdict.DEAD),
        ("nonsense", Verdict.DEAD),
        ("malformed", Verdict.FAILED),
        ("quota", Verdict.LATER),
        ("busy", Verdict.LATER),
        ("locked", Verdict.LATER),
    ],
)
def test_an_answer_of_fcm_becomes_a_verdict(fcm, token, verdict):
    [result] = send(token)

    assert result.verdict == verdict
    assert result.reason


def test_the_wait_that_fcm_asks_for_is_handed_on(fcm):
    [quota, busy] = send("quota", "busy")

    assert quota.retry_after == timedelta(seconds=90)
    assert busy.retry_after == timedelta(seconds=10)


def test_verdicts_come_in_the_order_of_the_pushes(fcm):
    results = send("phone", "dead", "tablet")

    assert [r.verdict for r in results] == ["delivered", "dead", "delivered"]


def test_an_fcm_that_is_away_is_tried_later(fcm, monkeypatch):
    gone = "http://127.0.0.1:9/v1/projects/{0}/messages:send"
    monkeypatch.setattr(messaging._MessagingService, "FCM_URL", gone)

    assert send("phone")[0].verdict == Verdict.LATER


def test_credentials_that_were_revoked_lose_no_message(fcm):
    [result] = FcmPush(credential=Revoked(), project="local").send([push("phone")])

    assert result.verdict == Verdict.LATER
    assert not fcm.seen
