"""Lists of objects within a body."""

from rest_framework import serializers
from rest_framework.settings import api_settings


class ListSerializer(serializers.ListSerializer):
    """Tells of errors with one object for each element, empty for a good one (contract, "Everywhere").

    REST framework did so by itself up to 3.17; since then it gives only the bad ones, by their indexes.
    """

    def to_internal_value(self, data):
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(data, list):
                raise
            raise serializers.ValidationError(errors_by_position(error.detail, len(data))) from None


def errors_by_position(errors, number: int):
    """Put errors by index into a list of that many objects; leave errors of the list as a whole as they are."""
    if isinstance(errors, list):
        errors = dict(enumerate(errors))
    if not all(isinstance(index, int) for index in errors):
        return errors
    return [as_object(errors.get(index, {})) for index in range(number)]


def as_object(errors) -> dict:
    """An element that is no object at all has errors, but no field to name."""
    return errors if isinstance(errors, dict) else {api_settings.NON_FIELD_ERRORS_KEY: errors}
