"""What the documents of orders are made of: plain values, read in one statement.

As rows they would be five queries and an instance of a model for each part. An order
comes as one JSON text instead, with the fields of its parts under their own names.
"""

from collections.abc import Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.db import connection

from payments.models import ENDED_PAYMENT, TAKEN_BY_THE_BANK
from ticketapp.prepared import execute

TOLD = f"""
/* told_orders */
SELECT json_build_object(
    'id', ordered.id,
    'reference', ordered.reference,
    'status', ordered.status,
    'amount', ordered.amount,
    'currency', ordered.currency,
    'created_at', ordered.created_at,
    'paid_at', ordered.paid_at,
    'told_postponed_for', ordered.told_postponed_for,
    'hold', json_build_object(
        'id', hold.id, 'status', hold.status, 'quantity', hold.quantity,
        'expires_at', hold.expires_at, 'created_at', hold.created_at),
    'ticket_type', json_build_object(
        'id', type.id, 'name', type.name, 'fee_name', type.fee_name),
    'event', json_build_object(
        'id', event.id, 'name', event.name, 'status', event.status,
        'image_url', event.image_url, 'starts_at', event.starts_at,
        'doors_at', event.doors_at, 'ends_at', event.ends_at,
        'local_date', event.local_date, 'moved_at', event.moved_at,
        'venue', json_build_object(
            'id', venue.id, 'name', venue.name, 'address', venue.address,
            'city', venue.city, 'country', venue.country,
            'location_precision', venue.location_precision,
            'time_zone', venue.time_zone, 'refund_policy', venue.refund_policy,
            'tax_name', venue.tax_name,
            'coordinates', json_build_array(
                ST_Y(venue.location::geometry), ST_X(venue.location::geometry)))),
    'dispute', (
        -- Of several the worst, which is the first by name too: lost, then open.
        SELECT dispute.status
          FROM payments_dispute AS dispute
          JOIN payments_payment AS payment ON payment.id = dispute.payment_id
         WHERE payment.order_id = ordered.id AND NOT payment.surplus
           AND dispute.status IN {tuple(map(str, TAKEN_BY_THE_BANK))}
         ORDER BY dispute.status LIMIT 1),
    'lines', (
        SELECT coalesce(json_agg(json_build_object(
                   'ticket_id', ticket_id, 'unit_amount', unit_amount,
                   'fee_amount', fee_amount, 'tax_amount', tax_amount,
                   'total_amount', total_amount,
                   'is_returned', returned_at IS NOT NULL) ORDER BY id), '[]')
          FROM payments_orderline WHERE order_id = ordered.id),
    'payments', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', id, 'amount', amount, 'status', status,
                   'surplus', surplus, 'created_at', created_at,
                   'is_live', status NOT IN {tuple(map(str, ENDED_PAYMENT))}
                              AND NOT surplus,
                   'client_secret', client_secret,
                   'last_attempt', (
                       SELECT json_build_object(
                                  'status', status, 'next_action', next_action,
                                  'decline_code', decline_code)
                         FROM payments_paymentattempt
                        WHERE payment_id = payment.id
                        ORDER BY id DESC LIMIT 1))), '[]')
          FROM payments_payment AS payment WHERE order_id = ordered.id),
    'refunds', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', refund.id, 'payment_id', refund.payment_id,
                   'amount', refund.amount, 'currency', refund.currency,
                   'status', refund.status,
                   'reason', refund.reason, 'created_at', refund.created_at)
                   ORDER BY refund.created_at), '[]')
          FROM payments_refund AS refund
          JOIN payments_payment AS payment ON payment.id = refund.payment_id
         WHERE payment.order_id = ordered.id)
    )::text
  FROM payments_order AS ordered
  JOIN inventory_hold AS hold ON hold.id = ordered.hold_id
  JOIN inventory_tickettype AS type ON type.id = hold.ticket_type_id
  JOIN events_event AS event ON event.id = ordered.event_id
  JOIN events_venue AS venue ON venue.id = event.venue_id
 WHERE ordered.id = ANY(%(orders)s) AND ordered.user_id = %(user)s
"""


class Told(SimpleNamespace):
    """Some fields of a row, and of those that belong to it."""


def told_orders(order_ids: Sequence[UUID], *, user_id: UUID) -> list[Told]:
    """These orders, in the same order; without those that are not of this user."""
    params = {"orders": order_ids, "user": user_id}
    with connection.cursor() as cursor:
        execute(cursor, TOLD, params=params)
        found = [_order(orjson.loads(text)) for (text,) in cursor.fetchall()]
    if len(found) > 1:
        place = {str(key): number for number, key in enumerate(order_ids)}
        found.sort(key=lambda order: place[order.id])
    return found


def _order(found: dict[str, Any]) -> Told:
    order, hold, event = Told(**found), Told(**found["hold"]), Told(**found["event"])
    order.created_at, order.paid_at = _at(order.created_at), _at(order.paid_at)
    hold.expires_at, hold.created_at = _at(hold.expires_at), _at(hold.created_at)
    event.starts_at, event.doors_at = _at(event.starts_at), _at(event.doors_at)
    event.ends_at, event.moved_at = _at(event.ends_at), _at(event.moved_at)
    event.local_date = date.fromisoformat(event.local_date)
    event.venue = venue = Told(**event.venue)
    venue.zone = ZoneInfo(venue.time_zone or "UTC")
    order.hold, order.event = hold, event
    order.ticket_type = Told(**found["ticket_type"])
    order.lines = [Told(**line) for line in found["lines"]]
    order.payments = [_payment(payment) for payment in found["payments"]]
    order.refunds = [_refund(refund) for refund in found["refunds"]]
    return order


def _payment(found: dict[str, Any]) -> Told:
    payment, last = Told(**found), found["last_attempt"]
    payment.created_at = _at(payment.created_at)
    payment.last_attempt = last and Told(**last)
    return payment


def _refund(found: dict[str, Any]) -> Told:
    refund = Told(**found)
    refund.created_at = _at(refund.created_at)
    return refund


def _at(instant: str | None) -> datetime | None:
    return datetime.fromisoformat(instant) if instant else None
