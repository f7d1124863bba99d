"""Amounts on pages."""

from django import template

from payments.money import in_words

register = template.Library()


@register.simple_tag
def money(amount: int, currency: str) -> str:
    return in_words(amount, currency)
