"""What the incident lists can be filtered by. Empty values and empty list items do not filter; nonsense is 400."""

from functools import partial

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Value
from django.utils import timezone

from argus.api.fields import InfinityTimestampField, TimestampField
from argus.api.pagination import Cursor, KeysetPagination
from argus.incident.criteria import Criteria, Started, find_tags, matching
from argus.incident.gathering import Gathered, are_few
from argus.incident.models import Incident, SourceSystem
from argus.incident.tags import split_tag
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from argus.util.numbers import LARGEST_ID


class TextField(forms.CharField):
    """Text as it came: values of tags may begin and end with blanks."""

    def __init__(self, **kwargs):
        super().__init__(strip=False, **kwargs)


class BooleanField(TextField):
    """``true`` or ``false`` in any case."""

    def clean(self, value):
        text = super().clean(value).strip().lower()
        if text and text not in {"true", "false"}:
            raise ValidationError("Must be true or false.")
        return {"true": True, "false": False}.get(text)


class ListField(TextField):
    """Items with commas between them."""

    def clean(self, value):
        return [self.clean_item(item) for item in super().clean(value).split(",") if item.strip()]

    def clean_item(self, item: str):
        return item


class NameListField(ListField):
    """Names; blanks around them do not count."""

    def clean_item(self, item: str) -> str:
        return item.strip()


class IdListField(ListField):
    """Primary keys."""

    def clean_item(self, item: str) -> int:
        item = item.strip()
        if not (item.isascii() and item.isdigit() and len(item) < 20 and int(item) <= LARGEST_ID):
            raise ValidationError("Must be whole numbers with commas between them.")
        return int(item)


class TagListField(ListField):
    """Tags, ``key=value``, none of them without a value."""

    def clean_item(self, item: str) -> tuple[str, str]:
        try:
            key, value = split_tag(item)
        except DomainError as error:
            raise ValidationError(f"{item[:100]}: {error.message}") from None
        if not value:
            raise ValidationError(f"{item[:100]}: The value is missing.")
        return key, value


class TimestampTextField(TextField):
    """A point in time, read as in request bodies."""

    field = TimestampField

    def clean(self, value):
        text = super().clean(value).strip()
        if not text:
            return None
        try:
            return self.field.parse(text)
        except ValueError:
            raise ValidationError(self.field.default_error_messages["invalid"]) from None


class InfinityTimestampTextField(TimestampTextField):
    """A point in time, or infinity."""

    field = InfinityTimestampField


class BooleanFilter(filters.Filter):
    field_class = BooleanField


class IdListFilter(filters.Filter):
    field_class = IdListField


class NameListFilter(filters.Filter):
    field_class = NameListField


class TagListFilter(filters.Filter):
    field_class = TagListField


class TimestampFilter(filters.Filter):
    field_class = TimestampTextField


class InfinityTimestampFilter(filters.Filter):
    field_class = InfinityTimestampTextField


class MyIncidentFilter(filters.FilterSet):
    """Filters that make sense within one source."""

    acked = BooleanFilter(method="filter_state", help_text="Has, or has not, an acknowledgement that still holds.")
    open = BooleanFilter(
        method="filter_state", help_text="true: not ended yet; false: ended. Leaves out stateless ones."
    )
    stateful = BooleanFilter(method="filter_state", help_text="Can, or cannot, be open or closed at all.")
    source_incident_id = filters.CharFilter(help_text="The source's own id, exactly.")
    tags = TagListFilter(method="leave", help_text="`key=value,...`: one of the values of each key.", label="Tags")
    start_time__gte = TimestampFilter(field_name="start_time", lookup_expr="gte")
    start_time__lte = TimestampFilter(field_name="start_time", lookup_expr="lte")
    end_time__gte = InfinityTimestampFilter(field_name="end_time", lookup_expr="gte")
    end_time__lte = InfinityTimestampFilter(field_name="end_time", lookup_expr="lte", method="filter_end_time")
    end_time__isnull = BooleanFilter(field_name="end_time", lookup_expr="isnull")

    class Meta:
        model = Incident
        fields = []

    def get_form_class(self):
        """Return the form that reads the parameters. It is made once for all requests, whose fields are the same."""
        kind = type(self)
        if "made_form_class" not in vars(kind):
            kind.made_form_class = super().get_form_class()
        return kind.made_form_class

    def filter_queryset(self, queryset):
        """Apply all filters, unless they exclude each other: the database would look through everything to see that."""
        if is_contradictory(self.form.cleaned_data):
            return queryset.none()
        return self.filter_tags(super().filter_queryset(queryset))

    def filter_end_time(self, queryset, name: str, value):
        """None ends before it starts, which spares the database all that started later."""
        return queryset.filter(end_time__lte=value, start_time__lte=value)

    def filter_state(self, queryset, name: str, value: bool):
        """Turn true and false into the queryset's words for it."""
        words = {"acked": ("unacked", "acked"), "open": ("closed", "open"), "stateful": ("stateless", "stateful")}
        return getattr(queryset, words[name][value])()

    def leave(self, queryset, name: str, values: list):
        """Do nothing yet: what it asks is asked when all else is known."""
        return queryset

    def filter_tags(self, queryset) -> QuerySet | Gathered:
        """Group the values by key: one of each key must be there. One query, which looks up the tags."""
        asked = self.form.cleaned_data
        tags = Criteria.of(tags=asked["tags"])
        if not (tags.tags or asked["end_time__gte"]):
            return queryset
        started = self.bounds()
        if not self.may_mean_few(tags, started):
            return matching(queryset, [tags], started)
        few = Value(True) if asked["open"] is False else are_few(Incident.objects.open())
        known = find_tags([tags], few=few)
        if all(tag.few for tag in known.values()):
            return Gathered(queryset, partial(tags.tag_conditions, known, started))
        return queryset.filter(tags.as_condition(known, started))

    def may_mean_few(self, tags: Criteria, started: Started) -> bool:
        """Tell whether the planner would take what is asked for to be more than it is.

        What is open is mostly new, which it does not know; it matters when there are several tags to be found. And what
        has started before a time and ended after it has lasted long, as few do.
        """
        asked = self.form.cleaned_data
        lasts = bool(asked["end_time__gte"]) and started.get("start_time__lte", INFINITY) < asked["end_time__gte"]
        if asked["open"] is False:
            return lasts
        return (asked["open"] is True or lasts) and sum(map(len, tags.tags.values())) > 1

    def bounds(self) -> Started:
        """Return what is known of when the incidents of the page have started: it was asked for, or is on its way."""
        asked = self.form.cleaned_data
        cursor = self.data.get(KeysetPagination.cursor_query_param)
        place = Cursor.decode(cursor) if cursor else None
        earliest = [asked["start_time__gte"], place and place.back and place.time]
        latest = [asked["start_time__lte"], asked["end_time__lte"], place and not place.back and place.time]
        bounds = {"start_time__gte": max(filter(None, earliest), default=None)}
        bounds["start_time__lte"] = min(filter(None, latest), default=None)
        return {lookup: time for lookup, time in bounds.items() if time}


class IncidentFilter(MyIncidentFilter):
    """All filters: within a source, and by source."""

    source__id__in = IdListFilter(field_name="source_id", lookup_expr="in", help_text="Numeric ids of sources.")
    source__name__in = NameListFilter(
        field_name="source__name", lookup_expr="in", method="leave", help_text="Names of sources."
    )
    source__type__in = NameListFilter(
        field_name="source__type", lookup_expr="in", method="leave", help_text="Names of source types."
    )

    def filter_queryset(self, queryset):
        """Apply all filters."""
        asked = self.form.cleaned_data
        names = {f"{key}__in": some for key in ("name", "type") if (some := asked[f"source__{key}__in"])}
        return self.filter_sources(super().filter_queryset(queryset), names)

    def filter_sources(self, queryset, names: dict[str, list[str]]):
        """Look the sources up first: only when the database sees which ones it is about does it know if they are many.

        One query, unless there are tags, whose look-up is as many as a page may cost.
        """
        if not names:
            return queryset
        if self.form.cleaned_data["tags"]:
            return queryset.filter(**{f"source__{key}": some for key, some in names.items()})
        return queryset.filter(source_id__in=list(SourceSystem.objects.filter(**names).values_list("pk", flat=True)))


def is_contradictory(asked: dict) -> bool:
    """Tell whether no incident can be all of what is asked about its end."""
    now, earliest, latest = timezone.now(), asked["end_time__gte"], asked["end_time__lte"]
    stateless = asked["stateful"] is False or asked["end_time__isnull"] is True
    stateful = asked["stateful"] is True or asked["end_time__isnull"] is False
    bounds = [earliest, now if asked["open"] is True else None], [latest, now if asked["open"] is False else None]
    after, before = ([bound for bound in some if bound is not None] for some in bounds)
    if stateless and (stateful or after or before):
        return True
    return bool(after and before) and max(after) > min(before)
