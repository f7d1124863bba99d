"""Every address of the house."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from ticketapp.problems import unknown_address

# One flat list, the busiest first: Django goes through it in order, and nested lists
# cost more than the rest of finding an address.
ADDRESSES = (
    "inventory.urls",
    "payments.urls",
    "events.urls",
    "accounts.urls",
    "notifications.urls",
    "ticketapp.schema_urls",
)
api_v1 = [address for module in ADDRESSES for address in include(module)[0].urlpatterns]

urlpatterns = [
    path("api/v1/", include((api_v1, "v1"))),
    path("admin/", admin.site.urls),
    path("api/", unknown_address),
    path("api/<path:rest>", unknown_address),
    path("_allauth/", include("accounts.auth_urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("_allauth/<path:rest>", unknown_address),
    path("", include("ticketapp.health_urls")),
    path("", include("ticketapp.pages_urls")),
]
if settings.DEBUG:
    urlpatterns += [path("dev/", include("accounts.dev_urls"))]
if settings.PAYMENT_SANDBOX:
    urlpatterns += [path("sandbox/", include("payments.gateways.sandbox.urls"))]

handler400 = "ticketapp.problems.bad_request"
handler404 = "ticketapp.problems.not_found"
handler500 = "ticketapp.problems.server_error"
