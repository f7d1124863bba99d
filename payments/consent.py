"""What buyers agree to when we may charge them while they are away, by version.

A version that somebody has agreed to is never changed or removed: a new wording
gets a new version, and mandates go on naming the old one.
"""

TEXTS = {
    "2026-06-01": (
        "If the tickets you wait for come free before the time you chose, we buy "
        "them for you at once, without asking you again: the whole group or nothing. "
        "We charge the card you chose once, for the price of that moment with all "
        "fees and taxes, and never more in total than the maximum you chose. If your "
        "bank wants you to confirm the payment, we tell you; you have ten minutes, "
        "or two in the last hour before the doors, and then the tickets go to the "
        "next in line. If your card is declined they go to the next at once. We "
        "charge nothing if nothing comes free in time, if you have bought tickets "
        "for this event another way, or once you have left the waitlist or removed "
        "the card, which you can do at any time."
    ),
    "2026-11-24": (
        "If the tickets you wait for come free before the time you chose, we buy "
        "them for you at once, without asking you again: the whole group or nothing. "
        "We charge the card you chose once, for the price of that moment with all "
        "fees and taxes, and never more in total than the maximum you chose. If your "
        "bank wants you to confirm the payment, we tell you; you have ten minutes, or "
        "two in the last hour before the doors, and less if the sale or the time you "
        "chose ends sooner. Then the tickets go to the next in line. "
        "If your card is declined they go to the next at once. We charge nothing if "
        "nothing comes free in time, if you have bought tickets for this event "
        "another way, or once you have left the waitlist or removed the card, which "
        "you can do at any time."
    ),
    "2026-11-29": (
        "If the tickets you wait for come free before the time you chose, we buy "
        "them for you at once, without asking you again: the whole group or nothing. "
        "We charge the card you chose once, for the price of that moment with all "
        "fees and taxes, and never more in total than the maximum you chose. If your "
        "bank wants you to confirm the payment, we tell you; you have ten minutes, or "
        "two in the last hour before the doors, and less if the sale or the time you "
        "chose ends sooner. Then the tickets go to the next in line. "
        "If your card is declined they go to the next at once. If the date or time of "
        "the event has changed by then, we charge nothing: we hold the tickets for "
        "you just as long, and tell you. We charge nothing if nothing comes free in "
        "time, if you have bought tickets for this event another way, or once you have "
        "left the waitlist or removed the card, which you can do at any time."
    ),
}
CURRENT = "2026-11-29"
