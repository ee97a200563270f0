"""Serializers of time slots, filters and profiles."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import time
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from argus.api.lists import LimitedListField, ListSerializer
from argus.auth.api.v1.serializers import PhoneNumberSerializer
from argus.auth.models import PhoneNumber
from argus.notificationprofile import validation
from argus.notificationprofile.media.registry import medium_choices
from argus.notificationprofile.models import Filter, NotificationProfile, TimeRecurrence, Timeslot
from argus.util.errors import DomainError
from argus.util.rows import MAX_ID

CLOCK = re.compile(r"((?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2})?)((?<=:[0-9]{2}:[0-9]{2})[.][0-9]+)?")


@contextmanager
def domain_errors_on_field() -> Iterator[None]:
    """Turn a ``DomainError`` into a validation error of its field."""
    try:
        yield
    except DomainError as error:
        raise serializers.ValidationError({str(error.field): [error.message]}) from None


class SimpleListField(LimitedListField):
    """A list of simple values with one error message."""

    default_error_messages = {"element": "{must_be}"}
    must_be = ""

    def validate_elements(self, data: list[Any]) -> list[Any]:
        try:
            return [self.child.run_validation(element) for element in data]
        except serializers.ValidationError:
            self.fail("element", must_be=self.must_be)


class DaysField(SimpleListField):
    """Days of the week: 1 is Monday, 7 is Sunday. Stored as digits without duplicates."""

    child = serializers.IntegerField(min_value=1, max_value=7)
    must_be = "Days are whole numbers from 1 (Monday) to 7 (Sunday)."

    def to_internal_value(self, data: Any) -> list[str]:
        return [str(day) for day in sorted(set(super().to_internal_value(data)))]

    def to_representation(self, data: Any) -> list[int]:
        return sorted(int(day) for day in data)


# ``format: time`` would need an offset.
@extend_schema_field({"type": "string", "pattern": r"^((?:[01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?)?$"})
class ClockField(serializers.TimeField):
    """A time of day, ``hh:mm[:ss[.uuuuuu]]``, in the server's zone."""

    default_error_messages = {"invalid": "This is not a time of day. Use hh:mm[:ss[.uuuuuu]]."}

    def to_internal_value(self, value: Any) -> time:
        match = CLOCK.fullmatch(value) if isinstance(value, str) else None
        with suppress(ValueError):
            if match:
                # Digits beyond microseconds are dropped.
                return time.fromisoformat(match[1] + f"{match[2]}000000"[:7] * bool(match[2]))
        self.fail("invalid")


class TimeRecurrenceSerializer(serializers.ModelSerializer):
    """The same hours on some days of the week. ``all_day`` overrides ``start`` and ``end``."""

    days = DaysField(allow_empty=False, max_length=100, help_text="1 is Monday, 7 is Sunday.")
    start = ClockField(help_text="hh:mm[:ss[.uuuuuu]]; optional with `all_day`.")
    end = ClockField(help_text="After the start, inclusive; optional with `all_day`.")
    all_day = serializers.BooleanField(
        source="is_all_day", required=False, help_text="The whole day; present only if true."
    )

    class Meta:
        model = TimeRecurrence
        fields = ["days", "start", "end", "all_day"]

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and self.is_for_all_day(data.get("all_day")):
            data = data.copy()
            data["start"], data["end"] = TimeRecurrence.DAY_START.isoformat("seconds"), str(TimeRecurrence.DAY_END)
        return super().to_internal_value(data)

    @staticmethod
    def is_for_all_day(value: Any) -> bool:
        return isinstance(value, str | int) and value in serializers.BooleanField.TRUE_VALUES

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.pop("is_all_day", None)
        # A PATCH of the slot may omit the recurrences, but not parts of one.
        missing = {name: [self.error_messages["required"]] for name in ("days", "start", "end") if name not in attrs}
        if missing:
            raise serializers.ValidationError(missing)
        with domain_errors_on_field():
            validation.check_hours(attrs["start"], attrs["end"])
        return attrs

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return ``all_day`` only if it is true (contract)."""
        shown = super().to_representation(instance)
        return {name: value for name, value in shown.items() if name != "all_day" or value}


class NamedSerializer(serializers.ModelSerializer):
    """Base class of rows with a name that is unique per user."""

    def validate_name(self, name: str) -> str:
        try:
            validation.check_name(self.Meta.model, self.context["request"].user, name, instance=self.instance)
        except DomainError as error:
            raise serializers.ValidationError(error.message) from None
        return name


class TimeslotSerializer(NamedSerializer):
    """A time slot with all its hours."""

    time_recurrences = ListSerializer(child=TimeRecurrenceSerializer(), max_length=validation.MAX_RECURRENCES)

    class Meta:
        model = Timeslot
        fields = ["pk", "name", "time_recurrences"]

    @transaction.atomic
    def save(self, **kwargs: Any) -> Timeslot:
        """Save the slot. Given recurrences replace all that it has."""
        hours = self.validated_data.pop("time_recurrences", None)
        timeslot = super().save(**kwargs)
        if hours is not None:
            timeslot.time_recurrences.all().delete()
            TimeRecurrence.objects.bulk_create(TimeRecurrence(timeslot=timeslot, **values) for values in hours)
        return timeslot


class FilterSerializer(NamedSerializer):
    """A named filter. Its string is stored unchanged."""

    filter_string = serializers.CharField(
        trim_whitespace=False,
        help_text='JSON with at least one of the keys: {"sourceSystemIds": [pk, ...], "tags": ["key=value", ...]}',
    )

    class Meta:
        model = Filter
        fields = ["pk", "name", "filter_string"]

    def validate_filter_string(self, text: str) -> str:
        try:
            validation.check_filter_string(text)
        except DomainError as error:
            raise serializers.ValidationError(error.message) from None
        return text


class OwnRowField(serializers.PrimaryKeyRelatedField):
    """One of the caller's rows, by pk."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(pk_field=serializers.IntegerField(), **kwargs)

    def get_queryset(self) -> QuerySet:
        return cast("QuerySet", super().get_queryset()).filter(user_id=self.context["request"].user.pk)


class OwnFiltersField(SimpleListField):
    """Some of the caller's filters, by pk. One query."""

    default_error_messages = {"unknown": "You have no filter {pk}."}
    child = serializers.IntegerField(min_value=0, max_value=MAX_ID)
    must_be = "Filters are a list of pks."

    def to_internal_value(self, data: Any) -> list[Filter]:
        keys = super().to_internal_value(data)
        found = Filter.objects.filter(user_id=self.context["request"].user.pk).in_bulk(keys)
        for key in keys:
            if key not in found:
                self.fail("unknown", pk=key)
        return list(found.values())


class MediaField(SimpleListField):
    """Codes of media. Duplicates are dropped."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.ChoiceField(medium_choices()), **kwargs)
        self.must_be = f"Media are {' and '.join(f'{code} ({label})' for code, label in medium_choices())}."

    def to_internal_value(self, data: Any) -> list[str]:
        return list(dict.fromkeys(super().to_internal_value(data)))


class SwitchField(serializers.BooleanField):
    """A boolean that a form may omit, as JSON may."""

    default_empty_html = empty


class ShownProfileSerializer(serializers.ModelSerializer):
    """A profile with its parts as objects. Its pk is that of its time slot (seed)."""

    pk = serializers.IntegerField(source="timeslot_id", read_only=True, help_text="The pk of the time slot.")
    timeslot = TimeslotSerializer()
    filters = FilterSerializer(many=True)
    media = MediaField()
    phone_number = PhoneNumberSerializer(allow_null=True)

    class Meta:
        model = NotificationProfile
        fields = ["pk", "timeslot", "filters", "media", "phone_number", "active"]
        read_only_fields = fields


class ProfileSerializer(serializers.ModelSerializer):
    """A profile with the pks of its parts, which must belong to the caller."""

    timeslot = OwnRowField(queryset=Timeslot.objects.all())
    filters = OwnFiltersField(allow_empty=False, max_length=validation.MAX_FILTERS)
    media = MediaField(allow_empty=False, max_length=100)
    phone_number = OwnRowField(queryset=PhoneNumber.objects.all(), required=False, allow_null=True)
    active = SwitchField(required=False)

    class Meta:
        model = NotificationProfile
        fields = ["timeslot", "filters", "media", "phone_number", "active"]

    def to_representation(self, instance: NotificationProfile) -> dict[str, Any]:
        return ShownProfileSerializer(instance, context=self.context).data


class PreviewSerializer(serializers.Serializer):
    """The criteria of a filter, for the schema only: ``validation.read_preview`` reads them."""

    sourceSystemIds = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="Any of these sources, by pk; empty for all."
    )
    tags = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="`key=value`: one of the values of each key."
    )
