"""Settings for every environment; what differs comes from the environment.

`.env.example` documents each variable. DEBUG=1 is the demo mode: sandbox
payments, mail on a page, push on the console. DEBUG=0 refuses to start with a
missing secret, and with the payment sandbox unless ALLOW_SANDBOX=1 says so.
"""

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONCE
from django.core.exceptions import ImproperlyConfigured

from ticketapp.conf import clock, description, logs, theme

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", default="")
ALLOW_SANDBOX = env.bool("ALLOW_SANDBOX", default=DEBUG)
PAYMENT_SANDBOX = not STRIPE_SECRET_KEY
# Its secrets may be those that everybody can read here, and with them come codes that
# admit, sessions of staff, and news of payments that nobody made.
if DEBUG and STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")):
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY is a live key, and DEBUG=1 is the demo mode, whose secrets "
        "are publicly known. Set DEBUG=0 for real money, or a test key for the demo."
    )


def secret(name: str) -> str:
    """Read a secret; only the demo mode may go without setting one."""
    value = env.str(name, default="")
    if value:
        return value
    if DEBUG:
        return f"demo-only-{name.lower()}-not-for-production-use"
    raise ImproperlyConfigured(
        f"{name} is not set. Set it in the environment or in .env "
        "(.env.example says how to make one), or set DEBUG=1 for the demo mode."
    )


SECRET_KEY = secret("SECRET_KEY")
# The Ed25519 seed of ticket codes is derived from it; changing it voids codes.
TICKET_SIGNING_KEY = secret("TICKET_SIGNING_KEY")
if PAYMENT_SANDBOX and not ALLOW_SANDBOX:
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY is not set, so payments would go to the sandbox. "
        "Set it, or set ALLOW_SANDBOX=1 if no real money is meant to move."
    )
STRIPE_WEBHOOK_SECRET = (
    secret("STRIPE_WEBHOOK_SECRET")
    if not PAYMENT_SANDBOX
    else env.str("STRIPE_WEBHOOK_SECRET", default=f"whsec_sandbox_{SECRET_KEY[:24]}")
)

PORT = env.int("PORT", default=8000)
SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
# How many proxies of ours stand in front and add to X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []
if SITE_URL.startswith("https://"):  # Then a proxy of ours sets this header.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.gis",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.headless",
    "allauth.usersessions",
    "fcm_django",
    "import_export",
    "channels",
    "csp",
    "ticketapp",
    "accounts",
    "notifications",
    "events",
    "inventory",
    "payments",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ticketapp.browser_policy.PolicyMiddleware",
    "ticketapp.middleware.PageSessions",
    "ticketapp.middleware.PageLanguages",
    "django.middleware.common.CommonMiddleware",
    "ticketapp.middleware.PageForms",
    "ticketapp.middleware.PageUsers",
    "allauth.account.middleware.AccountMiddleware",
    "ticketapp.middleware.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
APPEND_SLASH = True
ROOT_URLCONF = "ticketapp.urls"
ASGI_APPLICATION = "ticketapp.asgi.application"
WSGI_APPLICATION = "ticketapp.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
# Who signs in at the admin's own page, without having wanted another.
LOGIN_REDIRECT_URL = "admin:index"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

# Debian 12's GDAL is older than the guard this check asks for; we hand it no
# file and no spatial reference that came from outside.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]

# Data ------------------------------------------------------------------------

DATABASES = {
    "default": env.db("DATABASE_URL", default="postgis:///ticketapp")
    | {
        # Whatever PostgreSQL the address names: only that one is used here.
        "ENGINE": "ticketapp.postgis",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": env.str("TEST_DATABASE", default="test_ticketapp")},
    }
}
# A statement that waits longer than this is refused with 503 and Retry-After,
# so that one stuck transaction never takes the site with it. Milliseconds.
DATABASE_TIMEOUTS = {
    "lock_timeout": env.int("LOCK_TIMEOUT_MS", default=5_000),
    "statement_timeout": env.int("STATEMENT_TIMEOUT_MS", default=15_000),
    "idle_in_transaction_session_timeout": env.int("IDLE_TIMEOUT_MS", default=15_000),
}
# Left alone, PostgreSQL would plan the statements of `ticketapp.prepared` each time.
DATABASE_OPTIONS = DATABASE_TIMEOUTS | {"plan_cache_mode": "force_generic_plan"}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    options=" ".join(f"-c {name}={value}" for name, value in DATABASE_OPTIONS.items()),
    # A machine that is gone does not refuse: the caller waits, unless told how long.
    connect_timeout=env.int("CONNECT_TIMEOUT_SECONDS", default=5),
)
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
    }
}
# Sessions are read on every signed-in call: from Redis, or without it from the rows.
CACHES["sessions"] = CACHES["default"] | {
    "KEY_PREFIX": "sessions",
    "OPTIONS": {
        "IGNORE_EXCEPTIONS": True,
        "SOCKET_CONNECT_TIMEOUT": 1,
        "SOCKET_TIMEOUT": 1,
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "channels"},
    }
}

# Jobs: the row is the work item, the message only says "look now" --------------


def as_broker(redis_url: str) -> str:
    """Celery has its own spelling of a Redis socket and of a database number."""
    if not redis_url.startswith("unix://"):
        return redis_url
    broker = redis_url.replace("unix://", "redis+socket://")
    return broker.replace("?db=", "?virtual_host=")


CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=as_broker(REDIS_URL))
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A web request says "look now" or lets it be: by default it would wait for seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.05,
    "interval_max": 0.1,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_BEAT_SCHEDULE = clock.SCHEDULE

# API -------------------------------------------------------------------------

# How many writes an account, or an address without one, may make in a minute.
WRITES_PER_MINUTE = env.int("WRITES_PER_MINUTE", default=300)
ANONYMOUS_WRITES_PER_MINUTE = env.int("ANONYMOUS_WRITES_PER_MINUTE", default=60)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.SessionTokenAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["ticketapp.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ticketapp.renderers.OrjsonParser"],
    "DEFAULT_SCHEMA_CLASS": "ticketapp.schema.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ticketapp.renderers.FirstRenderer",
    "DEFAULT_THROTTLE_CLASSES": ["ticketapp.throttling.WriteThrottle"],
    "NUM_PROXIES": TRUSTED_PROXIES,
    "EXCEPTION_HANDLER": "ticketapp.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = description.DESCRIPTION

# Sign-in ---------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{SITE_URL}/you",
    "account_reset_password_from_key": f"{SITE_URL}/you",
    "account_signup": f"{SITE_URL}/you",
}
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_TIMEOUT = 900
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Digits, because phones offer the number keyboard for them; eight, because three
# guesses a code and twelve codes an hour must not be a chance worth taking.
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8, "dashed": True}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
ACCOUNT_RATE_LIMITS = {"request_login_code": "20/m/ip,3/m/key,12/h/key"}
# Seconds that the token of an app stays good.
SESSION_TOKEN_LIFETIME = 60 * 24 * 60 * 60
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
SOCIALACCOUNT_PROVIDERS: dict[str, object] = {}

# Outside services --------------------------------------------------------------

PAYMENT_GATEWAY = "payments.gateways.stripe.StripeGateway"
SANDBOX_LATENCY_MS = env.int("SANDBOX_LATENCY_MS", default=0)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="tickets@ticketapp.example")
vars().update(env.email("EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 10
if DEBUG:
    EMAIL_BACKEND = "accounts.devmail.DevMailBackend"
FCM_CREDENTIALS_FILE = env.str("FCM_CREDENTIALS_FILE", default="")
PUSH_BACKEND = (
    "notifications.push.fcm.FcmPush"
    if FCM_CREDENTIALS_FILE
    else "notifications.push.console.ConsolePush"
)
FCM_DJANGO_SETTINGS = {"DELETE_INACTIVE_DEVICES": False}
GEOCODER = env.str("GEOCODER", default="events.geocoding.NominatimGeocoder")
GEOCODER_USER_AGENT = env.str("GEOCODER_USER_AGENT", default="")
GEOCODER_URL = env.str("GEOCODER_URL", default="https://nominatim.openstreetmap.org")
MAP_TILES_URL = env.str("MAP_TILES_URL", default="")

# Rules of the house ------------------------------------------------------------

HOLD_DURATION = timedelta(minutes=8)
HOLD_DURATION_AT_LEAST = timedelta(minutes=2)
WAITLIST_OFFER_DURATION = timedelta(minutes=10)
WAITLIST_OFFER_DURATION_AT_LEAST = timedelta(minutes=2)  # In the last hour.
MAX_TICKETS_PER_HOLD = 10
PAYMENT_LEASE = timedelta(seconds=120)
VIEWER_COUNTS_ENABLED = env.bool("VIEWER_COUNTS_ENABLED", default=True)

# Pages -------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
NODE_MODULES = BASE_DIR / "node_modules"
# Third-party browser code, served by ourselves: static prefix -> package folder.
VENDOR_STATIC = {
    "vendor/preact": "preact/dist",
    "vendor/preact-hooks": "preact/hooks/dist",
    "vendor/htm": "htm/dist",
    "vendor/leaflet": "leaflet/dist",
    "vendor/qr": "qr",
}
STATICFILES_DIRS = [
    (prefix, NODE_MODULES / folder)
    for prefix, folder in VENDOR_STATIC.items()
    if (NODE_MODULES / folder).is_dir()
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = BASE_DIR / "media"
MEDIA_URL = "/media/"
WHITENOISE_USE_FINDERS = DEBUG

_stripe_js = ["https://js.stripe.com", "https://*.js.stripe.com"]
_stripe_js = [] if PAYMENT_SANDBOX else _stripe_js
_stripe_frames = [] if PAYMENT_SANDBOX else [*_stripe_js, "https://hooks.stripe.com"]
_stripe_api = [] if PAYMENT_SANDBOX else ["https://api.stripe.com"]
_tiles = [MAP_TILES_URL.split("{")[0].rstrip("/")] if MAP_TILES_URL else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", NONCE, *_stripe_js],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "https:", *_tiles],
        "connect-src": ["'self'", *_stripe_api],
        "frame-src": ["'self'", *_stripe_frames],
        "frame-ancestors": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
    },
}
# The admin's theme evaluates its expressions and writes styles and scripts into
# its pages; it may still load nothing from outside and send nothing there.
ADMIN_CONTENT_SECURITY_POLICY = CONTENT_SECURITY_POLICY["DIRECTIVES"] | {
    "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "connect-src": ["'self'"],
    "frame-src": ["'self'"],
}

UNFOLD = theme.THEME

LOGGING = logs.LOGGING | {
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")}
}
