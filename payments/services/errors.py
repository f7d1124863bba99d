"""What a buyer, or staff, can be told about money. See `declines` for cards."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from payments.gateways import GatewayRefused, GatewayUnavailable
from payments.services.declines import action, public_code, reason
from ticketapp.errors import Action, DomainError


class CardDeclined(DomainError):
    """The bank said no; nothing was charged and the tickets are still held."""

    code = "card_declined"
    title = "Your card was not accepted."
    status = HTTPStatus.PAYMENT_REQUIRED
    action = Action.USE_ANOTHER_CARD

    def __init__(self, *, order: UUID, decline_code: str) -> None:
        shown = public_code(decline_code)
        self.message = f"{reason(shown)} You have not been charged."
        self.action = action(shown)
        super().__init__(order=str(order), decline_code=shown, charged=False)


class CardNotKept(DomainError):
    """The bank does not let this card be kept."""

    code = "card_not_kept"
    title = "Your card was not accepted."
    status = HTTPStatus.PAYMENT_REQUIRED
    action = Action.USE_ANOTHER_CARD

    def __init__(self, decline_code: str) -> None:
        shown = public_code(decline_code)
        self.message = f"{reason(shown)} The card was not saved, nothing was charged."
        self.action = action(shown)
        super().__init__(decline_code=shown, charged=False)


class PaymentInProgress(DomainError):
    code = "payment_in_progress"
    title = "A payment for these tickets is under way."
    message = (
        "A payment for these tickets is already under way, perhaps on another "
        "device. You will not be charged twice. Look at the order in a moment."
    )
    action = Action.WAIT
    retry_after: int | None = 3

    def __init__(self, *, order: str, asks_buyer: bool = False) -> None:
        """With `asks_buyer` it is the bank that waits, and the order says for what."""
        if asks_buyer:
            self.message = (
                "A payment for these tickets is already under way, perhaps on another "
                "device, and your bank wants you to confirm it. You will not be "
                "charged twice. Open the order to confirm, or use another card there."
            )
            self.action, self.retry_after = Action.AUTHENTICATE_PAYMENT, None
        super().__init__(order=order)


class BankDecides(PaymentInProgress):
    """What is asked cannot be undone any more, and is not done yet."""

    message = (
        "Your bank has not decided about the payment for this order yet, so it cannot "
        "be cancelled now. If the bank says no, you are not charged; if it says yes, "
        "the tickets are yours. Look at the order in a moment."
    )
    retry_after = 10


class BegunMeanwhile(PaymentInProgress):
    message = (
        "A payment for this order was begun this very moment, perhaps on another "
        "device, so it was not cancelled. Cancel the order again to stop it."
    )
    action = Action.RETRY
    retry_after = 1


class PaymentUnknown(GatewayUnavailable):
    """We asked something that moves money and got no answer."""

    code = "payment_unknown"
    message = (
        "The payment provider does not answer, so we do not know yet whether you "
        "were charged. We keep asking: look at your order in a moment."
    )
    action = Action.WAIT
    retry_after = 10


class PaymentStuck(PaymentUnknown):
    """The provider answers, and refuses to show or to cancel what may take money."""

    title = "The payment provider does not say what became of this payment."
    message = (
        "The payment provider does not tell us what became of this payment, so we do "
        "not know yet whether you were charged. Staff have been told: look at your "
        "order later, or ask support."
    )
    action = Action.CONTACT_SUPPORT
    retry_after = 300

    def __init__(self, refusal: GatewayRefused) -> None:
        super().__init__(reason=refusal.reason)
        self.refusal = refusal


class NeverOpened(PaymentStuck):
    """The provider refuses to make the intent of a payment that has none."""


class OrderClosed(DomainError):
    code = "order_closed"
    title = "This order is closed."
    message = (
        "This order was cancelled or its time ran out, and its tickets went back on "
        "sale. You have not been charged. Choose tickets again."
    )
    action = Action.CHOOSE_OTHER_TICKETS

    def __init__(
        self,
        *,
        order: str,
        goes_back: str = "",
        failed: str = "",
        today: str = "",
        **tickets: Any,
    ) -> None:
        """With `goes_back` the money had come, as that much, and is returned; with
        `failed` it should be, and has not reached the buyer. With `today` the price
        is told that as many tickets have by now.
        """
        if today:
            self.message = f"{self.message.removesuffix('.')}: {today} today."
        elif goes_back:
            self.message = (
                "Your payment went through, but the tickets could not be yours any "
                f"more. {goes_back} goes back to your card; you need not do anything."
            )
        elif failed:
            self.action = Action.CONTACT_SUPPORT
            self.message = (
                "Your payment went through, but the tickets could not be yours any "
                f"more. {failed} should go back to you and has not reached your card "
                "so far. Contact support."
            )
        charged = bool(goes_back or failed)
        super().__init__(order=order, charged=charged, **tickets)


class OrderPaid(DomainError):
    code = "order_paid"
    title = "This order is paid."
    message = "You have paid for these tickets already; they are in your tickets."
    action = Action.NONE


class EventOff(DomainError):
    code = "event_cancelled"
    title = "This event is off."
    message = (
        "This event was cancelled or postponed while you were choosing. You have not "
        "been charged. Choose another event."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class PaymentMethodMissing(DomainError):
    code = "payment_method_required"
    title = "A card is needed."
    status = HTTPStatus.BAD_REQUEST
    message = "Say with payment_method which card pays for these tickets."
    action = Action.CHANGE_REQUEST


class SavedCardGone(DomainError):
    code = "saved_card_gone"
    title = "This card is not kept any more."
    message = (
        "This card was removed, has expired, or is not known to the payment provider "
        "any more. You have not been charged. Use another card, or add this one again."
    )
    action = Action.USE_ANOTHER_CARD


class SavedCardExpired(DomainError):
    """It is kept, and its month is over: it could only be offered to be refused."""

    code = "saved_card_expired"
    title = "This card has expired."
    message = (
        "This card was good until {month:02}/{year}, so it cannot be your usual card. "
        "Nothing has changed. Choose another card, or add the new one."
    )
    action = Action.USE_ANOTHER_CARD


class CustomerForgotten(SavedCardGone):
    """The provider has deleted the buyer as its customer, and we have just heard."""

    code = "kept_cards_gone"
    title = "The payment provider has forgotten your cards."
    message = (
        "The payment provider does not have the cards you kept any more, so they "
        "cannot pay. You have not been charged, and what you hold stays held. Enter "
        "your card again."
    )


class NotRefundable(DomainError):
    code = "not_refundable"
    title = "This cannot be refunded."
    message = "Order {reference} cannot be refunded: {why}."
    action = Action.NONE


class RefundTooLarge(DomainError):
    code = "refund_too_large"
    title = "That is more than is left."
    message = (
        "Order {reference}: {left} of what was paid is left to refund, {asked} was "
        "asked for. Nothing has changed."
    )
    action = Action.CHANGE_REQUEST


class RefundChanged(DomainError):
    """It would not do any more what staff were shown and agreed to."""

    code = "refund_changed"
    title = "Something changed since you looked."
    summary = "Nothing was refunded, as something changed since you looked."
    message = "{summary} {what}"
    action = Action.CHANGE_REQUEST

    def __init__(self, changes: list[str]) -> None:
        super().__init__(summary=self.summary, what=" ".join(changes))
        self.changes = changes


class NotAllocatable(DomainError):
    code = "refund_not_allocatable"
    title = "This refund cannot be for these tickets."
    message = "Order {reference}: {why}. Nothing has changed."
    action = Action.CHANGE_REQUEST


class PaymentDisputed(DomainError):
    code = "payment_disputed"
    title = "The bank has this payment."
    message = (
        "Order {reference} is disputed: the buyer's bank decides about the money. It "
        "is not refunded a second time."
    )
    action = Action.NONE


class NotPostponed(DomainError):
    code = "not_postponed"
    title = "This cannot be handed back here."
    message = (
        "You can hand order {reference} back yourself while its event is postponed, or "
        "before the new date that it was moved to since you ordered, and neither is "
        "so. Nothing has changed. Ask the venue."
    )
    action = Action.CONTACT_SUPPORT
