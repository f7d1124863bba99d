from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        """Have each app ask those above it for what only they know."""
        autodiscover_modules("registering")
