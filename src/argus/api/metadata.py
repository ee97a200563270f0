"""Responses to OPTIONS."""

from typing import Any

from rest_framework import metadata
from rest_framework.request import Request


class Metadata(metadata.SimpleMetadata):
    """Describe the bodies of POST and PUT. REST framework fails for views without serializer or without object."""

    def determine_actions(self, request: Request, view: Any) -> Any:
        has_object = view.queryset is not None or "PUT" not in view.allowed_methods
        return super().determine_actions(request, view) if view.serializer_class and has_object else {}
