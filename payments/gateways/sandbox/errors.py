"""How the sandbox refuses: the statuses and bodies of Stripe."""

from typing import Any

DOCS = "https://docs.stripe.com/error-codes"


class ApiError(Exception):
    """A refusal. `body` is what the caller reads under "error".

    `keeps_effects` marks a refusal that happened to a card: the failed charge
    and the intent's new state stay. One that `is_remembered` is the answer to its
    idempotency key for a day, also when the reason for it is gone; what was turned
    down before it ran, or met another request, is not.
    """

    keeps_effects = False
    is_remembered = False

    def __init__(
        self, status: int, type_: str, message: str, *, code: str = "", **extra: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"type": type_, "message": message, **extra}
        if code:
            self.body |= {"code": code, "doc_url": f"{DOCS}/{code.replace('_', '-')}"}


class InvalidRequest(ApiError):
    """What was sent cannot be run."""

    def __init__(
        self, message: str, *, code: str = "", status: int = 400, **extra: Any
    ) -> None:
        super().__init__(status, "invalid_request_error", message, code=code, **extra)


class Refused(InvalidRequest):
    """It was run, and what there is does not allow it."""

    is_remembered = True


class Missing(Refused):
    """No such object: 404 when the address names it, 400 when the body does."""

    def __init__(self, kind: str, id_: str, *, param: str, status: int = 400) -> None:
        super().__init__(
            f"No such {kind}: '{id_}'",
            code="resource_missing",
            status=status,
            param=param,
        )


class UnexpectedState(Refused):
    """The intent is past the step that was asked for."""

    def __init__(self, doing: str, data: dict[str, Any]) -> None:
        kind = data["object"]
        super().__init__(
            f"This {kind} cannot be {doing}: its status is {data['status']}.",
            code=f"{kind}_unexpected_state",
        )
        self.body[kind] = data


class CardRefused(ApiError):
    """The card said no: 402."""

    keeps_effects = is_remembered = True

    def __init__(
        self, message: str, *, code: str, decline_code: str = "", **extra: Any
    ) -> None:
        if decline_code:
            extra["decline_code"] = decline_code
        super().__init__(402, "card_error", message, code=code, **extra)


class IdempotencyMismatch(ApiError):
    def __init__(self, key: str) -> None:
        super().__init__(
            400,
            "idempotency_error",
            f"The key {key} was first used with other parameters. Idempotency keys "
            "can only be used again with the same request.",
        )


class KeyInUse(ApiError):
    def __init__(self, key: str) -> None:
        super().__init__(
            409,
            "idempotency_error",
            f"Another request with the idempotency key {key} is still running.",
            code="idempotency_key_in_use",
        )


class LockTimeout(ApiError):
    def __init__(self) -> None:
        super().__init__(
            429,
            "invalid_request_error",
            "Another request is working on this object. Try again.",
            code="lock_timeout",
        )
