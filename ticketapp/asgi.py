"""HTTP and sockets on one port.

HTTP runs through the WSGI application in a small pool of threads, because
plain ASGI with persistent connections runs PostgreSQL out of connections.
"""

import os

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter

from ticketapp.wsgi import application as wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketapp.settings")

# After the line above: routing imports models, which need the settings.
from inventory.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(
            wsgi_application, workers=int(os.environ.get("WEB_THREADS", "8"))
        ),
        # No check of the origin: native apps send none, and a socket is signed
        # in by its first frame alone, never by a cookie that a page could borrow.
        "websocket": URLRouter(websocket_urlpatterns),
    }
)
