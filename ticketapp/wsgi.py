"""HTTP for production workers: one thread, one request, one connection."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketapp.settings")

application = get_wsgi_application()
