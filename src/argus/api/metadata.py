"""What OPTIONS answers."""

from rest_framework import metadata


class Metadata(metadata.SimpleMetadata):
    """Describes bodies where an address takes one; REST framework fails where there is none, or no row to put it to."""

    def determine_actions(self, request, view):
        is_known = view.queryset is not None or "PUT" not in view.allowed_methods
        return super().determine_actions(request, view) if view.serializer_class and is_known else {}
