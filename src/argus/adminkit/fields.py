"""Fields and widgets of the admin's forms that take any nonsense for what it is, where Django's own fall over."""

from datetime import UTC, datetime

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError

from .keys import is_key, target_field


def in_calendar(moment: datetime | None) -> datetime | None:
    """Return the aware datetime. Raises ``ValidationError`` if it leaves the years 1 to 9999 in UTC."""
    try:
        if moment is not None:
            moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError("This is outside the years 1 to 9999.", code="invalid") from None
    return moment


class MomentField(forms.SplitDateTimeField):
    """A date and a time in the server's zone that every database can hold."""

    widget = AdminSplitDateTime

    def compress(self, data_list):
        return in_calendar(super().compress(data_list))


class PickyMultipleChoiceField(forms.ModelMultipleChoiceField):
    """Some rows of another table, named by keys that exist."""

    def clean(self, value):
        for key in value or []:
            if not is_key(self.queryset.model._meta.pk, key):
                raise ValidationError(
                    self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": str(key)[:100]}
                )
        return super().clean(value)


class PickyOptions:
    """Mixed into choices among rows that are fetched while one types: what can be no key is not looked up."""

    def optgroups(self, name, value, attr=None):
        key = target_field(self.field)
        return super().optgroups(name, [item for item in value if item == "" or is_key(key, item)], attr)


class PickyAutocompleteSelect(PickyOptions, AutocompleteSelect):
    """A choice of one row among many."""


class PickyAutocompleteSelectMultiple(PickyOptions, AutocompleteSelectMultiple):
    """A choice of some rows among many."""
