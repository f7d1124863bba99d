"""What is done again and again, and every how many seconds."""

# A beat that nobody worked on before the next one is dropped, not piled up.
SCHEDULE = {
    name: {"task": task, "schedule": every, "options": {"expires": every}}
    for name, task, every in [
        ("heartbeat", "ticketapp.tasks.heartbeat", 5.0),
        ("forget what is old", "ticketapp.tasks.forget_old", 3600.0),
        ("send notifications", "notifications.tasks.send_notifications", 5.0),
        ("finish past events", "events.tasks.finish_past_events", 300.0),
        ("release holds", "inventory.tasks.release_expired_holds", 5.0),
        ("match waitlists", "inventory.tasks.match_waitlists", 5.0),
        ("charge waitlist offers", "payments.tasks.charge_offers", 5.0),
        ("sweep payments", "payments.tasks.sweep_payments", 10.0),
        ("sweep card set-ups", "payments.tasks.sweep_card_setups", 30.0),
        ("process webhooks", "payments.tasks.process_webhooks", 5.0),
        ("deliver sandbox webhooks", "payments.tasks.deliver_sandbox_webhooks", 1.0),
        ("pay refunds", "payments.tasks.pay_refunds", 10.0),
        ("reconcile", "payments.tasks.reconcile", 3600.0),
    ]
}
