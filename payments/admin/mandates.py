"""What buyers who wait have allowed us to charge, to look at."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from payments.admin.reading import ReadOnlyAdmin
from payments.consent import TEXTS
from payments.models import Mandate
from payments.money import in_words


@admin.register(Mandate)
class MandateAdmin(ReadOnlyAdmin):
    """Each mandate with its limits, the words agreed to, and what was charged."""

    venue_path = "entry__event__venue"
    list_display = ("buyer", "event", "quantity", "at_most", "paid_with", "state")
    list_filter = ("entry__status", "consent_version")
    list_select_related = ("entry__user", "entry__event__venue", "card")
    search_fields = ("entry__user__email", "entry__event__name")
    ordering = ("-consented_at", "pk")
    show_full_result_count = False
    fields = (
        ("buyer", "event"),
        ("quantity", "at_most"),
        ("paid_with", "ends_at"),
        ("state", "consented_at"),
        "agreed_to",
        "charges",
    )

    @display(ordering="entry__user__email")
    def buyer(self, mandate: Mandate) -> str:
        return mandate.entry.user.email

    def event(self, mandate: Mandate) -> str:
        return str(mandate.entry.event)

    @display(description="at most", ordering="max_total_amount")
    def at_most(self, mandate: Mandate) -> str:
        return in_words(mandate.max_total_amount, mandate.currency)

    @display(description="card")
    def paid_with(self, mandate: Mandate) -> str:
        card = mandate.card
        gone = " (lost by the provider)" if card.lost_at else ""
        gone = " (removed)" if card.removed_at else gone
        return f"{card.brand} •••• {card.last4}{gone}"

    @display(description="in the line", ordering="entry__status")
    def state(self, mandate: Mandate) -> str:
        return mandate.entry.get_status_display()

    def agreed_to(self, mandate: Mandate) -> str:
        """The words as the buyer read them."""
        version = mandate.consent_version
        return f"{version}: {TEXTS.get(version, 'this wording is not kept')}"

    def charges(self, mandate: Mandate) -> SafeString | str:
        """Each try: when, how much, how it ended, and the bank's reason."""
        rows = [
            (
                f"{attempt.created_at:%Y-%m-%d %H:%M:%S} UTC",
                in_words(attempt.amount, mandate.currency),
                attempt.status,
                attempt.decline_code,
            )
            for attempt in mandate.attempts.order_by("pk")
        ]
        return format_html_join("", "<div>{}, {}, {} {}</div>", rows) or "none"
