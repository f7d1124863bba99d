"""Addresses of the web app."""

urlpatterns: list = []
