"""Lists in a body. The length is checked before any element is."""

from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings
from rest_framework.utils import html

from .bodies import validation_error


class LimitedListField(serializers.ListField):
    """A list of values. REST framework checks ``max_length`` after the elements."""

    def run_child_validation(self, data: Any) -> list[Any]:
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return self.validate_elements(data)

    def validate_elements(self, data: list[Any]) -> list[Any]:
        """Return the validated elements of a list that is not too long."""
        return super().run_child_validation(data)


class ListSerializer(serializers.ListSerializer):
    """Report errors as one object for each element, empty for a valid one (contract, "Everywhere").

    REST framework did this up to 3.17; later releases report only the invalid elements, by index.
    """

    max_length: int | None

    def to_internal_value(self, data: Any) -> Any:
        if html.is_html_input(data):
            data = html.parse_html_list(data, default=[])
        if not isinstance(data, list) or not data or self.is_too_long(data):
            return super().to_internal_value(data)
        values, errors = [], {}
        for position, element in enumerate(data):
            try:
                values.append(self.run_child_validation(element))
            except serializers.ValidationError as error:
                errors[position] = error.detail
        if errors:
            raise validation_error(errors_by_position(errors, len(data)))
        return values

    def is_too_long(self, data: list[Any]) -> bool:
        return self.max_length is not None and len(data) > self.max_length


def errors_by_position(errors: dict[int, Any], number: int) -> list[dict[str, Any]]:
    """Return a list of ``number`` error objects from errors by index."""
    return [as_object(errors.get(index, {})) for index in range(number)]


def as_object(errors: Any) -> dict[str, Any]:
    """Return errors as an object. Errors of an element that is no object have no field."""
    return errors if isinstance(errors, dict) else {api_settings.NON_FIELD_ERRORS_KEY: errors}
