"""The demo: real venues, made-up shows, tonight."""
