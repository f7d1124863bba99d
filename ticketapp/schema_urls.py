"""Addresses of the API description."""

urlpatterns: list = []
