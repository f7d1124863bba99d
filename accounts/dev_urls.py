"""Pages of the demo mode; they do not exist when DEBUG=0."""

urlpatterns: list = []
