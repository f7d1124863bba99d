"""Bare views around one SQL statement each; see `bare_settings`."""

from random import randrange
from uuid import uuid4

from django.db import connection
from django.http import HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

# Lock, hold, take: what cannot be left out, without limits, turns and refusals.
HOLD = """
WITH picked AS (
    SELECT id FROM inventory_ticket
     WHERE ticket_type_id = %(ticket_type)s AND status = 'available'
       AND slot >= %(slot)s
     ORDER BY slot LIMIT %(quantity)s FOR UPDATE SKIP LOCKED
), hold AS (
    INSERT INTO inventory_hold
           (id, user_id, event_id, ticket_type_id, quantity, status, unit_amount,
            fee_amount, tax_amount, total_amount, currency, expires_at)
    SELECT %(hold)s, %(user)s, event_id, id, %(quantity)s, 'active', unit_amount,
           fee_amount, 0, %(quantity)s * (unit_amount + fee_amount), currency,
           now() + interval '8 minutes'
      FROM inventory_tickettype WHERE id = %(ticket_type)s
    RETURNING id
), taken AS (
    UPDATE inventory_ticket AS ticket SET status = 'held', hold_id = hold.id
      FROM picked, hold WHERE ticket.id = picked.id
    RETURNING ticket.id
)
SELECT count(*) FROM taken
"""
# A page as PostgreSQL itself writes it: the nearest, their names and places.
NEAR = """
SELECT json_agg(page)::text FROM (
    SELECT event.id, event.name, event.starts_at, event.local_date,
           event.location <-> here.point AS distance
      FROM events_event AS event, (SELECT ST_Point(%s, %s)::geography) AS here (point)
     WHERE event.status = 'published' AND event.starts_at > now()
       AND event.starts_at <= now() + %s * interval '1 hour'
     ORDER BY event.location <-> here.point
     LIMIT 20) AS page
"""
SLOTS = 2**31


class HoldView(APIView):
    def post(self, request: Request) -> Response:
        """Hold tickets for whom the header names."""
        hold = uuid4()
        parameters = {
            "ticket_type": request.data["ticket_type"],
            "quantity": request.data["quantity"],
            "user": request.headers["X-Session-Token"],
            "hold": hold,
            # Never so high that it would have to start again from below.
            "slot": randrange(SLOTS // 2),
        }
        with connection.cursor() as cursor:
            cursor.execute(HOLD, parameters)
            (taken,) = cursor.fetchone()
        return Response({"id": hold, "tickets": taken}, status=201 if taken else 409)


class NearView(APIView):
    def get(self, request: Request) -> HttpResponse:
        """The nearest 20."""
        given = request.query_params
        with connection.cursor() as cursor:
            cursor.execute(NEAR, [given["lon"], given["lat"], given["starts_within"]])
            (page,) = cursor.fetchone()
        return HttpResponse(page, content_type="application/json")


urlpatterns = [
    path("holds", HoldView.as_view()),
    path("events", NearView.as_view()),
]
