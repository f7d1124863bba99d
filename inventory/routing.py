"""Addresses of the sockets."""

from django.urls import path, re_path

from inventory.consumers import EventConsumer, UnknownAddress

websocket_urlpatterns = [
    path("ws/events/<str:event_id>", EventConsumer.as_asgi()),
    re_path(r"", UnknownAddress.as_asgi()),
]
