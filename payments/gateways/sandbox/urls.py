"""Addresses of the sandbox; they do not exist when payments are live."""

from django.urls import path

from payments.gateways.sandbox import views

urlpatterns = [
    path("v1/payment_methods", views.tokenise, name="sandbox-tokenise"),
    path("3ds/<str:intent_id>", views.challenge, name="sandbox-challenge"),
]
