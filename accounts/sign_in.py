"""One form for everybody: an address, then the code that was mailed to it.

allauth mails a code only to addresses that have an account, and has another form
for new ones. Here both ask the same way and are answered the same way, so nobody
learns which addresses have accounts, and the account of a new address is made
when its code comes back, not when somebody types the address.
"""

from http import HTTPStatus
from smtplib import SMTPException

from allauth.account.internal.userkit import user_id_to_str
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.account.inputs import RequestLoginCodeInput
from allauth.headless.account.views import ConfirmLoginCodeView, RequestLoginCodeView
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts import services
from accounts.models import User
from ticketapp.problems import (
    MalformedBody,
    TooManyRequests,
    Unavailable,
    problem_response,
)

TOO_MANY = "too_many_login_attempts"
WAIT_SECONDS = 60


class AnyAddressInput(RequestLoginCodeInput):
    """An address that may have a code; allauth limits how often."""

    def clean_email(self) -> str:
        email = super().clean_email().lower()
        # An account that is not saved: it lets allauth send the code all the same.
        self._user = self._user or User(email=email)
        return email


class ToldWhatIsWrong:
    """A body that is no JSON object is a problem; allauth's 400 for it is empty."""

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except ImmediateHttpResponse as refusal:
            if refusal.response.status_code != HTTPStatus.BAD_REQUEST:
                raise
            reason = "The body is not a JSON object."
            return problem_response(MalformedBody(reason=reason))


class RequestCodeView(ToldWhatIsWrong, RequestLoginCodeView):
    input_class = AnyAddressInput

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        request.session.set_expiry(settings.ACCOUNT_LOGIN_TIMEOUT)
        try:
            return super().post(request, *args, **kwargs)
        except (SMTPException, OSError):
            return problem_response(Unavailable())

    def handle_invalid_input(self, given) -> HttpResponse:
        """Too many is 429 with Retry-After, as everywhere; the rest as allauth."""
        if given.has_error("email", TOO_MANY):
            refusal = TooManyRequests()
            refusal.retry_after = WAIT_SECONDS
            return problem_response(refusal)
        return super().handle_invalid_input(given)


class ConfirmCodeView(ToldWhatIsWrong, ConfirmLoginCodeView):
    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        """The code was right, so its reader owns the address: sign them in."""
        state = self.process.state
        user = services.prove_address(email=state["email"], user=self.process.user)
        state["user_id"] = user_id_to_str(user)
        return super().post(request, *args, **kwargs)
