"""The Celery application: a messenger. Rows are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ticketapp.settings")

app = Celery("ticketapp", task_cls="ticketapp.jobs:Job")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
