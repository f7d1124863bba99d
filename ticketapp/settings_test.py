"""Fast and sealed: fixed secrets, quick hashing, a Redis database of its own."""

import os

os.environ["DEBUG"] = "1"
os.environ["SECRET_KEY"] = "test-secret-key-long-enough-for-every-signature"
os.environ["TICKET_SIGNING_KEY"] = "test-signing-key-long-enough-for-every-code"
for _live in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "FCM_CREDENTIALS_FILE"):
    os.environ.pop(_live, None)

from ticketapp.settings import *  # noqa: F403
from ticketapp.settings import REDIS_URL as _redis_url
from ticketapp.settings import as_broker

# Each process of tests has a Redis database to itself: clearing a cache empties it.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
_redis_db = int(os.environ.get("TEST_REDIS_DB", "15")) + int(_worker.removeprefix("gw"))
REDIS_URL = f"{_redis_url.split('?')[0].removesuffix('/0')}?db={_redis_db}"
for _cache in CACHES.values():
    _cache["LOCATION"] = REDIS_URL
    _cache["KEY_PREFIX"] += f"-test{_worker}"
CHANNEL_LAYERS["default"]["CONFIG"] = {
    "hosts": [REDIS_URL],
    "prefix": f"test{_worker}",
}
CELERY_BROKER_URL = as_broker(REDIS_URL)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# The shared settings are the demo's; a test that wants a page asks for it.
ALLOWED_HOSTS = ["*"]
# Static files are looked for when asked, so no test needs them collected first.
WHITENOISE_AUTOREFRESH = True
