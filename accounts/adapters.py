"""How allauth treats accounts here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in by e-mail code and nothing that needs a password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by a code that comes back: see `accounts.sign_in`."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Tell the reader for how long the code is good."""
        minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
        super().send_mail(template_prefix, email, {"minutes": minutes} | context)

    def login(self, request: HttpRequest, user: User) -> None:
        """Let the token of a phone live longer than the cookie of the admin."""
        super().login(request, user)
        request.session.set_expiry(settings.SESSION_TOKEN_LIFETIME)
