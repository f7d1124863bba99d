"""HTTP and sockets on one port.

HTTP runs through the WSGI application in a small pool of threads, because
plain ASGI with persistent connections runs PostgreSQL out of connections.
"""

import os

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from ticketapp.wsgi import application as wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketapp.settings")

# After the line above: routing imports models, which need the settings.
from inventory.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(
            wsgi_application, workers=int(os.environ.get("WEB_THREADS", "8"))
        ),
        "websocket": AllowedHostsOriginValidator(URLRouter(websocket_urlpatterns)),
    }
)
