"""Addresses of this app under /api/v1/."""

from django.urls import path, re_path

from notifications import views
from notifications.serializers import TOKEN

urlpatterns = [
    path("notifications", views.InboxView.as_view()),
    path("notifications/<uuid:pk>/read", views.ReadView.as_view()),
    path("devices", views.DevicesView.as_view()),
    re_path(rf"^devices/(?P<registration_id>{TOKEN})$", views.DeviceView.as_view()),
    path("notification-preferences", views.PreferencesView.as_view()),
]
