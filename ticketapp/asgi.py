"""HTTP and sockets on one port.

HTTP runs through the WSGI application in a small pool of threads, because
plain ASGI with persistent connections runs PostgreSQL out of connections.
"""

import os
from collections.abc import Awaitable, Callable

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter

from ticketapp.wsgi import application as wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketapp.settings")

WSGIApp = Callable
Receive = Callable[[], Awaitable[dict]]
ASGI = Callable[[dict, Receive, Callable], Awaitable[None]]

# After the line above: routing imports models, which need the settings.
from inventory.routing import websocket_urlpatterns


def in_threads(wsgi: WSGIApp, *, threads: int) -> ASGI:
    """Serve a WSGI application from a small pool of threads."""
    adapted = WSGIMiddleware(wsgi, workers=threads)

    async def serve(scope: dict, receive: Receive, send: Callable) -> None:
        # a2wsgi accepts only a coroutine; what granian returns is merely awaitable,
        # and every request with a body would fail.
        async def receive_as_coroutine() -> dict:
            return await receive()

        await adapted(scope, receive_as_coroutine, send)

    return serve


application = ProtocolTypeRouter(
    {
        "http": in_threads(
            wsgi_application, threads=int(os.environ.get("WEB_THREADS", "8"))
        ),
        # No check of the origin: native apps send none, and a socket is signed
        # in by its first frame alone, never by a cookie that a page could borrow.
        "websocket": URLRouter(websocket_urlpatterns),
    }
)
