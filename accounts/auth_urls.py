"""What of allauth's app API we offer differently, or not at all.

Included before allauth's own addresses. Nobody has a password outside the
admin, so everything about passwords stays shut, and an account has one address.
"""

from allauth.headless.constants import Client
from django.urls import path, re_path

from accounts.sign_in import ConfirmCodeView, RequestCodeView
from ticketapp.problems import unknown_address

SHUT = (
    r"^app/v1/(?:auth/(?:login|signup|password/.*|email/.*|phone/.*|code/resend)"
    r"|account/(?:password/.*|email|phone))$"
)

urlpatterns = [
    path("app/v1/auth/code/request", RequestCodeView.as_api_view(client=Client.APP)),
    path("app/v1/auth/code/confirm", ConfirmCodeView.as_api_view(client=Client.APP)),
    re_path(SHUT, unknown_address),
]
