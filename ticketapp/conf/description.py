"""How the API is described."""

DESCRIPTION = {
    "TITLE": "ticketapp",
    "DESCRIPTION": "Last-minute tickets: find tonight's unsold seats near you.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Names that an SDK keeps, where several fields are called `status`.
    "ENUM_NAME_OVERRIDES": {
        "EventStatus": "events.models.EventStatus",
        "HoldStatus": "inventory.models.HoldStatus",
        "TicketStatus": "inventory.models.TicketStatus",
        "WaitlistStatus": "inventory.models.WaitlistStatus",
        "OrderStatus": "payments.models.OrderStatus",
        "PaymentStatus": "payments.models.PaymentStatus",
        "CardSetupStatus": "payments.models.CardSetupStatus",
    },
}
