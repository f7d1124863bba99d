"""Ticket types as staff think of them: prices in pounds, tickets as a number."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminURLInputWidget,
)

from events.models import Event, Venue
from inventory.chargeable import largest_charge, smallest_charge
from inventory.models import TAKEN_TICKET, PriceStep, TicketType
from inventory.pricing import charge_step, exponent, terms_without_steps
from inventory.services import most_taken_by_one

MOST_TICKETS = 200_000
MOST_AMOUNT = 2**31 - 1


class Money(forms.DecimalField):
    """An amount in the currency's own unit: pounds, not pence."""

    widget = UnfoldAdminDecimalFieldWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_digits=12, **options)


def to_minor(value: Decimal, currency: str) -> int:
    """Pounds to pence, or ValidationError if it is not a whole number of them."""
    digits = exponent(currency)
    amount = value.scaleb(digits)
    if amount > MOST_AMOUNT:
        raise ValidationError("That is more than any card can be charged.")
    if amount != amount.to_integral_value():
        raise ValidationError(f"{currency} has {digits} digits after the point.")
    if amount % charge_step(currency):
        raise ValidationError(f"A card cannot be charged the last digit of {currency}.")
    return int(amount)


def to_major(amount: int | None, currency: str) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-exponent(currency))


def why_not_payable(kind: TicketType, unit_amount: int) -> str:
    """Why no card can be charged this price with its fee and tax; "" if one can."""
    quote = terms_without_steps(kind).quote_for(unit_amount)
    total, currency = quote.total_amount, quote.currency
    least = smallest_charge(currency)
    most = min(largest_charge(currency), MOST_AMOUNT // settings.MAX_TICKETS_PER_HOLD)
    told = f"With fee and tax that is {to_major(total, currency)} {currency}"
    if 0 < total < least:
        least_told = f"{to_major(least, currency)} {currency}"
        return f"{told}: charge at least {least_told}, or nothing."
    if total > most:
        return f"{told}: a ticket can cost {to_major(most, currency)} at the most."
    return ""


class AmountsForm(forms.ModelForm):
    """Shows amounts of the row in major units and writes them back in minor ones.

    `amounts` names the form field of each model field.
    """

    amounts: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for shown, stored in self.amounts.items():
                amount = getattr(self.instance, stored)
                self.initial.setdefault(shown, to_major(amount, self.currency))

    @property
    def currency(self) -> str:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for shown, stored in self.amounts.items():
            value = cleaned.get(shown)
            try:
                amount = None if value is None else to_minor(value, self.currency)
            except ValidationError as refusal:
                self.add_error(shown, refusal)
            else:
                setattr(self.instance, stored, amount)
        return cleaned


class TicketTypeForm(AmountsForm):
    price = Money(label="Price")
    fee = Money(label="Fee", required=False, help_text="Per ticket, always charged.")
    floor = Money(label="Floor", required=False, help_text="No fall goes below it.")
    tickets = forms.IntegerField(
        min_value=0,
        max_value=MOST_TICKETS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Sold ones included.",
    )

    amounts = {"price": "unit_amount", "fee": "fee_amount", "floor": "floor_amount"}

    class Meta:
        model = TicketType
        fields = ("name", "description", "position", "fee_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial.setdefault("tickets", self.instance.capacity)

    @property
    def currency(self) -> str:
        """The type's own once it has one, else that of the venue."""
        if self.instance.currency:
            return self.instance.currency
        try:
            return self.instance.event.venue.currency
        except Venue.DoesNotExist:  # Not chosen yet: its own field says so.
            return Venue._meta.get_field("currency").default

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.instance.currency = self.currency
        self.instance.fee_amount = self.instance.fee_amount or 0
        if self.instance.fee_amount and not cleaned.get("fee_name"):
            self.add_error("fee_name", "Say what the fee is for.")
        price, floor = cleaned.get("price"), cleaned.get("floor")
        if price is not None and floor is not None and floor > price:
            self.add_error("floor", "The floor is above the price.")
        self._refuse_fewer_than_taken(cleaned.get("tickets"))
        if not self.errors:
            self._refuse_what_no_card_pays()
        return cleaned

    def _refuse_what_no_card_pays(self) -> None:
        """At once, and wherever a fall that is planned already would lead."""
        kind = self.instance
        if kind.event.venue_id is None:
            return  # Not chosen yet, and with it the tax.
        floor = kind.floor_amount or 0
        if problem := why_not_payable(kind, kind.unit_amount):
            self.add_error("price", problem)
        elif floor and (problem := why_not_payable(kind, floor)):
            self.add_error("floor", problem)
        for step in self.planned_steps():
            if problem := why_not_payable(kind, max(step.unit_amount, floor)):
                local = step.starts_at.astimezone(kind.event.venue.zone)
                told = f"It falls from {local:%H:%M on %-d %B}. {problem}"
                self.add_error("price", told)

    def planned_steps(self) -> Iterable[PriceStep]:
        """Those that are not on the same page, where their own row would say it."""
        return () if self.instance._state.adding else self.instance.price_steps.all()

    def may_be_overbooked(self) -> bool:
        return False

    def _refuse_fewer_than_taken(self, tickets: int | None) -> None:
        if tickets is None or self.instance._state.adding or self.may_be_overbooked():
            return
        taken = self.instance.tickets.filter(status__in=TAKEN_TICKET).count()
        if tickets < taken:
            self.add_error("tickets", f"{taken} are sold or in someone's hands.")


class TicketTypesOfAnEvent(forms.BaseInlineFormSet):
    """Forms that know the event they are for, also one that is not saved yet."""

    def _construct_form(self, index: int, **options: Any) -> forms.ModelForm:
        form = super()._construct_form(index, **options)
        form.instance.event = self.instance
        return form


class PriceStepForm(AmountsForm):
    price = Money(label="New price")

    amounts = {"price": "unit_amount"}

    class Meta:
        model = PriceStep
        fields = ("starts_at",)

    @property
    def currency(self) -> str:
        return self.instance.ticket_type.currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        amount, kind = self.instance.unit_amount, self.instance.ticket_type
        if amount is not None and not self.errors:
            if amount >= kind.unit_amount:
                self.add_error("price", "A step lowers the price.")
            if kind.floor_amount and amount < kind.floor_amount:
                self.add_error("price", "That is below the floor.")
            elif problem := why_not_payable(kind, amount):
                self.add_error("price", problem)
        self._refuse_a_fall_that_nobody_sees(cleaned.get("starts_at"))
        return cleaned

    def _refuse_a_fall_that_nobody_sees(self, at: datetime | None) -> None:
        """Unless it is as it was: the sale may have been shortened since."""
        event = self.instance.ticket_type.event
        closes = event.sales_close_at or event.starts_at
        if at and closes and at >= closes and "starts_at" in self.changed_data:
            local = closes.astimezone(event.venue.zone)
            told = f"The sale ends at {local:%H:%M on %-d %B}: nobody would see it."
            self.add_error("starts_at", told)


class PriceStepsOfAType(forms.BaseInlineFormSet):
    """A plan that only ever falls: a step that would not is no step at all."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if self._is_kept(form)]
        kept.sort(key=lambda form: form.instance.starts_at)
        for earlier, later in pairwise(kept):
            if later.instance.unit_amount >= earlier.instance.unit_amount:
                later.add_error("price", "An earlier step is as low already.")

    def _is_kept(self, form: forms.ModelForm) -> bool:
        gone = form in self.deleted_forms or not form.is_valid()
        return not gone and form.instance.starts_at is not None


class Address(forms.URLField):
    """An address on the web; without a scheme https is meant."""

    widget = UnfoldAdminURLInputWidget

    def __init__(self) -> None:
        super().__init__(required=False, max_length=500, assume_scheme="https")


class EventForm(forms.ModelForm):
    """A page that was opened before somebody else saved theirs undoes nothing."""

    image_url = Address()
    listing_url = Address()
    opened_with = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Event
        fields = (
            "name",
            "venue",
            "category",
            "performers",
            "description",
            "image_url",
            "listing_url",
            "starts_at",
            "doors_at",
            "ends_at",
            "local_date",
            "sales_open_at",
            "sales_close_at",
            "per_buyer_limit",
            "viewer_counts",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["opened_with"] = self._fingerprint()
        if "local_date" in self.fields:
            self.fields["local_date"].required = False
            self.fields["local_date"].help_text = "Only when no start is known yet."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._refuse_if_outdated(cleaned.get("opened_with"))
        times = {name: cleaned.get(name) for name in self.fields}
        starts = times.get("starts_at")
        if not starts and not times.get("local_date"):
            self.add_error("starts_at", "Give a start, or at least a date below.")
        if not starts and (times.get("doors_at") or times.get("ends_at")):
            self.add_error("starts_at", "Doors and an end need a start.")
        in_order = [
            ("doors_at", times.get("doors_at"), starts, "Doors open after the start."),
            ("ends_at", starts, times.get("ends_at"), "It ends before it starts."),
            (
                "sales_close_at",
                times.get("sales_open_at"),
                times.get("sales_close_at"),
                "The sale closes before it opens.",
            ),
        ]
        for field, earlier, later, problem in in_order:
            same_is_fine = field == "doors_at"
            if (
                earlier
                and later
                and not (earlier < later or (same_is_fine and earlier == later))
            ):
                self.add_error(field, problem)
        self._refuse_a_limit_below_taken(cleaned.get("per_buyer_limit"))
        return cleaned

    def _refuse_a_limit_below_taken(self, limit: int | None) -> None:
        """Said beside the field; the service looks again, under its lock."""
        if limit is None or "per_buyer_limit" not in self.changed_data:
            return
        taken = most_taken_by_one(self.instance)
        if taken > limit:
            self.add_error("per_buyer_limit", f"Somebody has {taken} already.")

    def _fingerprint(self) -> str:
        """Of all that the page shows of the event, as it is kept now."""
        kept = model_to_dict(self.instance, fields=self.Meta.fields)
        kept["performers"] = sorted(str(each.pk) for each in kept["performers"])
        return sha256(repr(sorted(kept.items())).encode()).hexdigest()

    def _refuse_if_outdated(self, opened_with: str | None) -> None:
        if opened_with and opened_with != self.initial.get("opened_with"):
            self.add_error(
                None,
                "Somebody else changed this event while your page was open, so nothing "
                "was saved. Open it again, and change what you wanted to.",
            )
