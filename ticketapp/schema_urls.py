"""Addresses of the API description."""

from django.urls import path

from ticketapp.schema_views import docs, schema

urlpatterns = [
    path("schema", schema, name="schema"),
    path("docs", docs, name="docs"),
]
