"""Admin pages of time slots, filters, destinations and notification profiles of all users."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from argus.adminkit.base import SafeAdmin
from argus.adminkit.display import shorten
from argus.adminkit.fields import TolerantFormSet
from argus.adminkit.search import ListFilter
from argus.notificationprofile.deliverability import profile_problems
from argus.notificationprofile.media.registry import medium_label
from argus.notificationprofile.models import Day, Destination, Filter, NotificationProfile, TimeRecurrence, Timeslot
from argus.notificationprofile.validation import MAX_RECURRENCES, integrity_errors_refused

from .forms import DestinationForm, FilterForm, NamedForm, ProfileForm, RecurrenceForm


class OwnedAdmin(SafeAdmin):
    """Rows that belong to a user. The owner cannot be changed."""

    autocomplete_fields = ["user"]
    search_fields = ["name", "user__username"]
    search_help_text = "Name, or user name of the owner."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("user")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["user"] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with integrity_errors_refused():
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with integrity_errors_refused():
            super().save_related(request, form, formsets, change)


class RecurrenceInline(admin.TabularInline):
    """The recurrences of a time slot, at least one."""

    model = TimeRecurrence
    form = RecurrenceForm
    formset = TolerantFormSet
    min_num = 1
    max_num = MAX_RECURRENCES
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        # Without absolute_max, Django builds up to 1000 more forms if the request says so, before it refuses them.
        limits = {"validate_min": True, "validate_max": True, "absolute_max": MAX_RECURRENCES + 1}
        return super().get_formset(request, obj, **limits, **kwargs)


class TimeslotForm(NamedForm):
    """A time slot. The recurrences are inline forms."""


@admin.register(Timeslot)
class TimeslotAdmin(OwnedAdmin):
    """The time slots of all users."""

    form = TimeslotForm
    fields = ["user", "name"]
    inlines = [RecurrenceInline]
    list_display = ["name", "user", "hours"]
    ordering = ["name", "pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("time_recurrences")

    @admin.display(description="hours")
    def hours(self, timeslot: Timeslot) -> str:
        return shorten("; ".join(recurrence_text(recurrence) for recurrence in timeslot.time_recurrences.all()))


def recurrence_text(recurrence: TimeRecurrence) -> str:
    """Return a recurrence as ``Mon Tue 08:00-16:00``."""
    names = [Day(day).label[:3] for day in recurrence.days]
    days = "every day," if len(names) == len(Day) else " ".join(names)
    return f"{days} all day" if recurrence.is_all_day else f"{days} {recurrence.start:%H:%M}-{recurrence.end:%H:%M}"


@admin.register(Filter)
class FilterAdmin(OwnedAdmin):
    """The filters of all users."""

    form = FilterForm
    fields = ["user", "name", "filter_string"]
    list_display = ["name", "user", "short_string"]
    ordering = ["name", "pk"]

    @admin.display(description="filter string")
    def short_string(self, one: Filter) -> str:
        return shorten(one.filter_string)


class HasPhoneNumberFilter(ListFilter):
    title = "has phone number"
    parameter_name = "has_phone_number"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Yes"), ("0", "No")]

    def apply(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(phone_number__isnull=value == "0") if value in {"0", "1"} else self.refuse()


@admin.register(Destination)
class DestinationAdmin(OwnedAdmin):
    """Addresses of users for the media in ARGUS_MEDIA."""

    form = DestinationForm
    fields = ["user", "medium", "label", "settings"]
    list_display = ["label", "user", "medium_name"]
    search_fields = ["label", "user__username"]
    search_help_text = "Label, or user name of the owner."
    ordering = ["label", "pk"]

    @admin.display(description="medium")
    def medium_name(self, destination: Destination) -> str:
        return medium_label(destination.medium)


@admin.register(NotificationProfile)
class NotificationProfileAdmin(OwnedAdmin):
    """The notification profiles of all users."""

    form = ProfileForm
    fields = ["user", "timeslot", "filters", "media", "phone_number", "active"]
    autocomplete_fields = ["user", "timeslot", "filters", "phone_number"]
    list_display = ["slot_name", "api_pk", "user", "filter_names", "media_names", "number", "active"]
    list_filter = ["active", HasPhoneNumberFilter]
    search_fields = ["timeslot__name", "user__username"]
    search_help_text = "Name of the time slot, or user name of the owner."
    ordering = ["timeslot__name", "pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        parts = super().get_queryset(request).select_related("user", "timeslot", "phone_number")
        return parts.prefetch_related("filters")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "api_pk", "problems"]

    @admin.display(description="time slot", ordering="timeslot__name")
    def slot_name(self, profile: NotificationProfile) -> str:
        return profile.timeslot.name

    @admin.display(description="pk in the API")
    def api_pk(self, profile: NotificationProfile) -> Any:
        """Return the key by which API v1 knows the profile: that of its time slot."""
        return profile.timeslot_id

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for problem in profile_problems(form.instance):
            messages.warning(request, problem)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.fields, "api_pk", "problems"] if obj else self.fields

    @admin.display(description="delivery problems")
    def problems(self, profile: NotificationProfile) -> str:
        return "\n".join(profile_problems(profile)) or "none"

    @admin.display(description="filters")
    def filter_names(self, profile: NotificationProfile) -> str:
        return shorten(", ".join(one.name for one in profile.filters.all()))

    @admin.display(description="media")
    def media_names(self, profile: NotificationProfile) -> str:
        return ", ".join(map(medium_label, profile.media))

    @admin.display(description="phone number")
    def number(self, profile: NotificationProfile) -> Any:
        return profile.phone_number and profile.phone_number.phone_number
