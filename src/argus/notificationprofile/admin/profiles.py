"""Pages of time slots, filters and notification profiles. Staff may help others with theirs."""

from django.contrib import admin

from argus.adminkit.base import SafeAdmin
from argus.adminkit.display import shorten
from argus.adminkit.search import ListFilter
from argus.auth.admin.users import SteadyFormSet
from argus.notificationprofile.media.registry import medium_label
from argus.notificationprofile.models import Destination, Filter, NotificationProfile, TimeRecurrence, Timeslot
from argus.notificationprofile.validation import MOST_RECURRENCES, refused_by_the_database

from .forms import DestinationForm, FilterForm, NamedForm, ProfileForm, RecurrenceForm


class OwnedAdmin(SafeAdmin):
    """Something that belongs to somebody, for good."""

    autocomplete_fields = ["user"]
    search_fields = ["name", "user__username"]
    search_help_text = "Name, or user name of the owner."

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user")

    def get_readonly_fields(self, request, obj=None):
        return ["user"] if obj else []

    def save_model(self, request, obj, form, change):
        with refused_by_the_database():
            super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        with refused_by_the_database():
            super().save_related(request, form, formsets, change)


class RecurrenceInline(admin.TabularInline):
    """The hours of a time slot; there is at least one of them."""

    model = TimeRecurrence
    form = RecurrenceForm
    formset = SteadyFormSet
    min_num = 1
    max_num = MOST_RECURRENCES
    extra = 0

    def get_formset(self, request, obj=None, **kwargs):
        # Else Django makes up to 1000 forms more, if somebody asks for them, only to refuse them all.
        limits = {"validate_min": True, "validate_max": True, "absolute_max": MOST_RECURRENCES + 1}
        return super().get_formset(request, obj, **limits, **kwargs)


class TimeslotForm(NamedForm):
    """A time slot; its hours are below it."""


@admin.register(Timeslot)
class TimeslotAdmin(OwnedAdmin):
    """When people want to be told."""

    form = TimeslotForm
    fields = ["user", "name"]
    inlines = [RecurrenceInline]
    list_display = ["name", "user", "hours"]
    ordering = ["name", "pk"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("time_recurrences")

    @admin.display(description="hours")
    def hours(self, timeslot):
        return shorten("; ".join(in_words(recurrence) for recurrence in timeslot.time_recurrences.all()))


def in_words(recurrence: TimeRecurrence) -> str:
    """Spell a recurrence: ``Mon Tue 08:00-16:00``."""
    days = " ".join(day[:3] for day in recurrence.get_days_list())
    return f"{days} all day" if recurrence.is_all_day else f"{days} {recurrence.start:%H:%M}-{recurrence.end:%H:%M}"


@admin.register(Filter)
class FilterAdmin(OwnedAdmin):
    """What people want to be told of."""

    form = FilterForm
    fields = ["user", "name", "filter_string"]
    list_display = ["name", "user", "short_string"]
    ordering = ["name", "pk"]

    @admin.display(description="filter string")
    def short_string(self, one):
        return shorten(one.filter_string)


class HasPhoneNumberFilter(ListFilter):
    title = "has phone number"
    parameter_name = "has_phone_number"

    def lookups(self, request, model_admin):
        return [("1", "Yes"), ("0", "No")]

    def apply(self, queryset, value):
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
    def medium_name(self, destination):
        return medium_label(destination.medium)


@admin.register(NotificationProfile)
class NotificationProfileAdmin(OwnedAdmin):
    """Who wants to be told of what, when, and how."""

    form = ProfileForm
    fields = ["user", "timeslot", "filters", "media", "phone_number", "active"]
    autocomplete_fields = ["user", "timeslot", "filters", "phone_number"]
    list_display = ["timeslot", "user", "filter_names", "media_names", "number", "active"]
    list_filter = ["active", HasPhoneNumberFilter]
    search_fields = ["timeslot__name", "user__username"]
    search_help_text = "Name of the time slot, or user name of the owner."
    ordering = ["timeslot__name", "pk"]

    def get_queryset(self, request):
        parts = super().get_queryset(request).select_related("user", "timeslot", "phone_number")
        return parts.prefetch_related("filters")

    @admin.display(description="filters")
    def filter_names(self, profile):
        return shorten(", ".join(one.name for one in profile.filters.all()))

    @admin.display(description="media")
    def media_names(self, profile):
        return ", ".join(map(medium_label, profile.media))

    @admin.display(description="phone number")
    def number(self, profile):
        return profile.phone_number and profile.phone_number.phone_number
