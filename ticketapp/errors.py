"""What the business refuses, in one shape."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any


class Action(StrEnum):
    """What the person can do now; part of the API's contract."""

    RETRY = "retry"
    WAIT = "wait"
    SIGN_IN = "sign_in"
    CHOOSE_OTHER_TICKETS = "choose_other_tickets"
    JOIN_WAITLIST = "join_waitlist"
    USE_ANOTHER_CARD = "use_another_card"
    AUTHENTICATE_PAYMENT = "authenticate_payment"
    CONTACT_SUPPORT = "contact_support"
    CHANGE_REQUEST = "change_request"  # What `detail` names, before asking again.
    NONE = "none"  # Asking again, or for anything else, would change nothing.


class DomainError(Exception):
    """A rule of the business says no; nothing is broken.

    `code` is a contract with the mobile app: never renamed, never reused.
    `message` says what happened, whether money moved, and what to do.
    `retry_after` is in seconds and becomes the Retry-After header.
    """

    code: str
    title: str = "The request was refused."
    status: HTTPStatus = HTTPStatus.CONFLICT
    message: str
    action: Action
    retry_after: int | None = None

    def __init__(self, **details: Any) -> None:
        super().__init__(self.message.format(**details))
        self.details = details
