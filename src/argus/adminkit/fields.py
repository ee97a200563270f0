"""Form fields, widgets and formsets of the admin that accept any input where Django's own raise errors."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet

from .keys import is_valid_key, target_field


def check_year_range(moment: datetime | None) -> datetime | None:
    """Return the aware datetime. Raises ``ValidationError`` if it is outside the years 1 to 9999 in UTC."""
    try:
        if moment is not None:
            moment.astimezone(UTC)
    except OverflowError:
        raise ValidationError("This is outside the years 1 to 9999.", code="invalid") from None
    return moment


class BoundedDateTimeField(forms.SplitDateTimeField):
    """A date and a time in the server's time zone that every database can store."""

    widget = AdminSplitDateTime

    def compress(self, data_list: Any) -> datetime | None:
        return check_year_range(super().compress(data_list))


class StrictMultipleChoiceField(forms.ModelMultipleChoiceField):
    """A choice of rows. Values that cannot be keys are refused without a query."""

    def clean(self, value: Any) -> QuerySet:
        queryset: Any = self.queryset
        for key in value or []:
            if not is_valid_key(queryset.model._meta.pk, key):
                raise ValidationError(
                    self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": str(key)[:100]}
                )
        return super().clean(value)


class StrictOptionsMixin:
    """Mixin for autocomplete widgets. Values that cannot be keys are not queried."""

    def optgroups(self, name: str, value: Iterable[str], attr: dict[str, Any] | None = None) -> list:
        key = target_field(self.field)  # type: ignore[attr-defined]
        valid = [item for item in value if item == "" or is_valid_key(key, item)]
        return super().optgroups(name, valid, attr)  # type: ignore[misc]


class StrictAutocompleteSelect(StrictOptionsMixin, AutocompleteSelect):
    """A choice of one row."""


class StrictAutocompleteSelectMultiple(StrictOptionsMixin, AutocompleteSelectMultiple):
    """A choice of several rows."""


class TolerantFormSet(BaseInlineFormSet):
    """Inline rows. It is no error if another user has deleted one of them in the meantime."""

    def initial_form_count(self) -> int:
        return min(super().initial_form_count(), len(self.get_queryset()))
