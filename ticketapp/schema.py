"""How endpoints describe themselves in OpenAPI."""

from drf_spectacular import openapi


class AutoSchema(openapi.AutoSchema):
    """The stock description."""
