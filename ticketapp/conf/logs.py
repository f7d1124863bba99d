"""What a line of the log looks like, and who is not to write one."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        # While a part is missing, those who ask every second need no log line each.
        "not_health": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: not record.getMessage().endswith("/healthz"),
        }
    },
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["not_health"],
        }
    },
    "loggers": {
        # Its own handler would say everything a second time.
        "django": {"handlers": [], "level": "INFO"},
        "stripe": {"level": "WARNING"},  # It tells each call twice.
        # A push that goes to the log is to be read there, however quiet the worker is.
        "notifications.push.console": {"level": "INFO"},
    },
}
