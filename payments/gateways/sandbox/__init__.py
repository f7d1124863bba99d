"""A payment provider in our own tables, for tests and for machines without keys.

It answers behind Stripe's own library (`client.SandboxClient` is an HTTP client
of that library), so the code that talks to Stripe is the code that is tested.
What it keeps to, because our money rules lean on it: published test cards and
what they do, the states of intents, idempotency keys that check the body, error
bodies and statuses, refunds and disputes, and signed webhooks delivered late,
twice or out of order. What it leaves out it refuses, never guesses.
"""
