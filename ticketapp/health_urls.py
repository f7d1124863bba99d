"""The address that says whether all parts are ready."""

urlpatterns: list = []
