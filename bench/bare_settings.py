"""The project without what it does for a request: the limit to measure against.

The same framework, renderer, parser, driver and server; nobody signed in, nothing
counted, and one SQL statement in the view.
"""

from ticketapp.settings import *  # noqa: F403
from ticketapp.settings import REST_FRAMEWORK as _OURS

ROOT_URLCONF = "bench.bare"
# allauth does not start without it; it does next to nothing.
MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
REST_FRAMEWORK = _OURS | {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_THROTTLE_CLASSES": [],
}
