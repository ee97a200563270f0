"""What OPTIONS answers."""

from rest_framework import metadata


class Metadata(metadata.SimpleMetadata):
    """Describes bodies where an address takes one; REST framework fails where there is none to take."""

    def determine_actions(self, request, view):
        return super().determine_actions(request, view) if view.serializer_class else {}
