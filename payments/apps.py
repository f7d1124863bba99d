from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        """Have the apps below ask us what only we know."""
        autodiscover_modules("registering")
