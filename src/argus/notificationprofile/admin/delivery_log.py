"""Pages of what comes of wishes: the ledger of deliveries, the outbox, and how the media are. Only to be looked at.

The one thing to be done here is to try failed deliveries again.
"""

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.db.models import Choices, Q, QuerySet

from argus.adminkit.base import ReadOnlyAdmin
from argus.adminkit.display import format_time, object_link, shorten
from argus.adminkit.keys import is_key
from argus.adminkit.search import ListFilter, NewestRowsFilter, search_newest, split_terms
from argus.incident.admin.search import IncidentFilter
from argus.incident.models import Change, Event
from argus.notificationprofile import outbox
from argus.notificationprofile.media.registry import medium_choices
from argus.notificationprofile.models import Delivery, MediumHealth, Reason, Verdict

# The admin's history tells of each by its own, up to so many.
MOST_LOGGED = 1000


class ChoiceFilter(ListFilter):
    """One of the values that a column can have."""

    column_choices: type[Choices]

    def choices_of_column(self):
        return self.column_choices.choices

    def lookups(self, request, model_admin):
        return [choice for choice in self.choices_of_column() if choice[0]]

    def apply(self, queryset, value):
        column = self.parameter_name.removesuffix("__exact")
        return queryset.filter(**{column: value}) if value in dict(self.choices_of_column()) else self.refuse()


class ReasonFilter(ChoiceFilter):
    title, parameter_name, column_choices = "reason", "reason__exact", Reason


class VerdictFilter(NewestRowsFilter, ChoiceFilter):
    title, parameter_name, column_choices = "verdict", "verdict__exact", Verdict
    only_beside = frozenset({ReasonFilter.parameter_name})


class MediumFilter(NewestRowsFilter, ChoiceFilter):
    title, parameter_name = "medium", "medium__exact"
    only_beside = frozenset({ReasonFilter.parameter_name, VerdictFilter.parameter_name})

    def choices_of_column(self):
        return medium_choices()


class EventFilter(ListFilter):
    """The deliveries about one event; asked for by an address, not offered by the list."""

    title = "event"
    parameter_name = "event__id__exact"

    def lookups(self, request, model_admin):
        value = self.value()
        return [(value, f"Event {value}")] if value else []

    def apply(self, queryset, value):
        return queryset.filter(event_id=value) if is_key(Event._meta.pk, value) else self.refuse()


class WatchedAdmin(ReadOnlyAdmin):
    """Rows that only Argus itself writes."""

    sortable_by = []

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="event")
    def event_page(self, row):
        return object_link(row.event) if row.event else "-"

    @admin.display(description="incident")
    def incident_page(self, row):
        return object_link(row.incident) if row.incident else "-"


@admin.register(Delivery)
class DeliveryAdmin(WatchedAdmin):
    """Who was told of what, who was not, and why: newest first."""

    list_display = ["pk", "event_page", "user", "medium", "address", "verdict", "reason", "attempts"]
    list_display += ["created_at", "settled_at", "short_error"]
    list_filter = [IncidentFilter, EventFilter, ReasonFilter, VerdictFilter, MediumFilter]
    fields = ["event_page", "incident_page", "user", "profile", "medium", "address", "verdict", "reason", "attempts"]
    fields += ["created_at", "due_at", "leased_until_at", "settled_at", "last_error"]
    ordering = ["-pk"]
    search_fields = ["address"]
    search_help_text = (
        "pk of a delivery or incident, or a user name or address, exactly; other words, and those in quotes, are "
        "looked for in the addresses of the newest 20 000 deliveries that the filters leave. Of several filters "
        "each is tried on the newest 20 000 that those above it leave."
    )
    actions = ["try_again"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("event", "user")

    def search(self, request, queryset, text):
        words = []
        for term, is_quoted in split_terms(text):
            condition = None if is_quoted else exact_deliveries(term)
            if condition is None:
                words.append(term)
            else:
                queryset = queryset.filter(condition)
        return search_newest(queryset, words, mentions), False

    def has_retry_permission(self, request) -> bool:
        return request.user.has_perm("argus_notificationprofile.change_delivery")

    @admin.action(description="Try failed ones again", permissions=["retry"])
    def try_again(self, request, queryset):
        """Give failed deliveries another life; others among the selected stay as they are."""
        failed = list(queryset.filter(verdict=Verdict.FAILED)[:MOST_LOGGED])
        count = outbox.retry(queryset)
        LogEntry.objects.log_actions(request.user.pk, failed, CHANGE, change_message="Failed; tried again.")
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"Failed deliveries that will be tried again: {count}.", level)

    @admin.display(description="created")
    def created_at(self, delivery):
        return format_time(delivery.created)

    @admin.display(description="due")
    def due_at(self, delivery):
        return format_time(delivery.due)

    @admin.display(description="in hand until")
    def leased_until_at(self, delivery):
        return format_time(delivery.leased_until)

    @admin.display(description="settled")
    def settled_at(self, delivery):
        return format_time(delivery.settled)

    @admin.display(description="last error")
    def short_error(self, delivery):
        return shorten(delivery.last_error)


def exact_deliveries(term: str) -> Q | None:
    """Return the condition by which an index finds the term, or ``None`` if it is nothing exact."""
    if term.isascii() and term.isdigit() and is_key(Delivery._meta.pk, term):
        return Q(pk=term) | Q(incident_id=term)
    known = get_user_model().objects.filter(Q(username__iexact=term) | Q(email__iexact=term))
    users = list(known.values_list("pk", flat=True))
    return Q(user_id__in=users) if users else None


def mentions(window: QuerySet, word: str) -> Q:
    return Q(address__icontains=word)


@admin.register(Change)
class UnroutedChangeAdmin(WatchedAdmin):
    """Events that the workers have not routed to deliveries yet: a long list means that no worker runs."""

    list_display = fields = ["event_page", "waiting_since"]
    ordering = ["pk"]

    def get_queryset(self, request):
        return super().get_queryset(request).unrouted().select_related("event")

    @admin.display(description="waiting since")
    def waiting_since(self, change):
        return format_time(change.created)


@admin.register(MediumHealth)
class MediumHealthAdmin(WatchedAdmin):
    """Which media are failing, and since when."""

    list_display = fields = ["medium", "since", "incident_page"]
    list_select_related = ["incident"]
    ordering = ["medium"]

    @admin.display(description="failing since")
    def since(self, health):
        return format_time(health.failing_since)
