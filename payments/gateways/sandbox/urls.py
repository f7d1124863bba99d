"""Addresses of the sandbox."""

urlpatterns: list = []
