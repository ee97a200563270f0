"""Serializer of lists in a body."""

from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings


class ListSerializer(serializers.ListSerializer):
    """Report errors as one object for each element, empty for a valid one (contract, "Everywhere").

    REST framework did this up to 3.17; later releases report only the invalid elements, by index.
    """

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(data, list):
                raise
            raise serializers.ValidationError(errors_by_position(error.detail, len(data))) from None


def errors_by_position(errors: Any, number: int) -> Any:
    """Return a list of ``number`` error objects from errors by index. Return errors of the whole list unchanged."""
    if isinstance(errors, list):
        errors = dict(enumerate(errors))
    if not all(isinstance(index, int) for index in errors):
        return errors
    return [as_object(errors.get(index, {})) for index in range(number)]


def as_object(errors: Any) -> dict[str, Any]:
    """Return errors as an object. Errors of an element that is no object have no field."""
    return errors if isinstance(errors, dict) else {api_settings.NON_FIELD_ERRORS_KEY: errors}
