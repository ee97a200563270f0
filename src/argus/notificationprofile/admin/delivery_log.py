"""Admin pages of the delivery log, of unrouted events and of failing media. All are read-only.

The only action retries failed deliveries.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.db.models import Choices, Q, QuerySet
from django.http import HttpRequest

from argus.adminkit.base import ReadOnlyAdmin
from argus.adminkit.display import badge, format_time, object_link, shorten
from argus.adminkit.keys import is_valid_key
from argus.adminkit.search import ListFilter, NewestRowsFilter, search_newest, split_terms
from argus.auth.requests import get_actor
from argus.incident.admin.search import IncidentFilter
from argus.incident.models import Change, Event
from argus.notificationprofile import delivery_queue
from argus.notificationprofile.media.registry import medium_choices
from argus.notificationprofile.models import Delivery, DeliveryQuerySet, MediumHealth, Reason, Verdict

from .timeline import VERDICT_KINDS

# The admin's history has an entry for each retried delivery, up to this number.
MAX_LOGGED = 1000


class ChoiceFilter(ListFilter):
    """A filter by one of the values of a column."""

    column_choices: type[Choices]

    def choices_of_column(self) -> list[tuple[str, str]]:
        return self.column_choices.choices

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [choice for choice in self.choices_of_column() if choice[0]]

    def apply(self, queryset: QuerySet, value: str) -> QuerySet:
        column = str(self.parameter_name).removesuffix("__exact")
        return queryset.filter(**{column: value}) if value in dict(self.choices_of_column()) else self.refuse()


class ReasonFilter(ChoiceFilter):
    title, parameter_name, column_choices = "reason", "reason__exact", Reason


class VerdictFilter(NewestRowsFilter, ChoiceFilter):
    title, parameter_name, column_choices = "verdict", "verdict__exact", Verdict
    only_beside = frozenset({ReasonFilter.parameter_name})


class MediumFilter(NewestRowsFilter, ChoiceFilter):
    title, parameter_name = "medium", "medium__exact"
    only_beside = frozenset({ReasonFilter.parameter_name, VerdictFilter.parameter_name})

    def choices_of_column(self) -> list[tuple[str, str]]:
        return medium_choices()


class EventFilter(ListFilter):
    """A filter by event, set by links and not offered by the list."""

    title = "event"
    parameter_name = "event__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, f"Event {value}")] if value else []

    def apply(self, queryset: QuerySet, value: str) -> QuerySet:
        return queryset.filter(event_id=value) if is_valid_key(Event._meta.pk, value) else self.refuse()


class RecordAdmin(ReadOnlyAdmin):
    """Rows that only Argus writes."""

    sortable_by = []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="event")
    def event_page(self, row: Any) -> str:
        return object_link(row.event) if row.event else "-"

    @admin.display(description="incident")
    def incident_page(self, row: Any) -> str:
        return object_link(row.incident) if row.incident else "-"

    @admin.display(description="medium")
    def medium_label(self, row: Any) -> str:
        return row.get_medium_display()


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    """The delivery log, newest first."""

    list_display = ["pk", "event_page", "verdict_badge", "reason", "user", "medium_label", "address", "attempts"]
    list_display += ["settled_at", "short_error"]
    list_filter = [IncidentFilter, EventFilter, ReasonFilter, VerdictFilter, MediumFilter]
    fields = [
        "event_page",
        "incident_page",
        "user",
        "profile",
        "medium_label",
        "address",
        "verdict_badge",
        "reason",
        "attempts",
    ]
    fields += ["created_at", "due_at", "leased_until_at", "settled_at", "last_error"]
    ordering = ["-pk"]
    search_fields = ["address"]
    search_help_text = (
        "pk of a delivery or incident, or exact user name or e-mail address. Other words, and words in quotes, are "
        "searched in the addresses of the newest 20 000 deliveries that match the filters. Each filter applies to the "
        "newest 20 000 deliveries that match the filters above it."
    )
    actions = ["try_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("event", "user")

    def search(self, request: HttpRequest, queryset: QuerySet, text: str) -> tuple[Any, bool]:
        words = []
        for term, is_quoted in split_terms(text):
            condition = None if is_quoted else exact_deliveries(term)
            if condition is None:
                words.append(term)
            else:
                queryset = queryset.filter(condition)
        return search_newest(queryset, words, mentions), False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("argus_notificationprofile.change_delivery")

    @admin.action(description="Retry failed deliveries", permissions=["retry"])
    def try_again(self, request: HttpRequest, queryset: DeliveryQuerySet) -> None:
        """Retry the failed deliveries among the selected ones."""
        failed = list(queryset.filter(verdict=Verdict.FAILED)[:MAX_LOGGED])
        count = delivery_queue.retry(queryset)
        LogEntry.objects.log_actions(get_actor(request).pk, failed, CHANGE, change_message="Retried after failure.")
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"Failed deliveries that will be retried: {count}.", level)

    @admin.display(description="verdict")
    def verdict_badge(self, delivery: Delivery) -> str:
        return badge(delivery.get_verdict_display(), VERDICT_KINDS.get(delivery.verdict, "plain"))

    @admin.display(description="created")
    def created_at(self, delivery: Delivery) -> str:
        return format_time(delivery.created)

    @admin.display(description="due")
    def due_at(self, delivery: Delivery) -> str:
        return format_time(delivery.due)

    @admin.display(description="leased until")
    def leased_until_at(self, delivery: Delivery) -> str:
        return format_time(delivery.leased_until)

    @admin.display(description="settled")
    def settled_at(self, delivery: Delivery) -> str:
        return format_time(delivery.settled)

    @admin.display(description="last error")
    def short_error(self, delivery: Delivery) -> str:
        return shorten(delivery.last_error)


def exact_deliveries(term: str) -> Q | None:
    """Return a condition that uses an index, or ``None`` if the term is neither a key nor a user."""
    if term.isascii() and term.isdigit() and is_valid_key(Delivery._meta.pk, term):
        return Q(pk=term) | Q(incident_id=term)
    known = get_user_model().objects.filter(Q(username__iexact=term) | Q(email__iexact=term))
    users = list(known.values_list("pk", flat=True))
    return Q(user_id__in=users) if users else None


def mentions(window: QuerySet, word: str) -> Q:
    """Return the condition that a delivery mentions the word."""
    return Q(address__icontains=word)


@admin.register(Change)
class UnroutedChangeAdmin(RecordAdmin):
    """Events that no worker has routed yet. A long list means that no worker is running."""

    intro = "Events whose notifications no worker has prepared yet. A long list means that no worker is running."
    list_display = ["event_page", "waiting_since"]
    fields = ["event_page", "waiting_since"]
    ordering = ["pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return Change.objects.unrouted().select_related("event")

    @admin.display(description="waiting since")
    def waiting_since(self, change: Change) -> str:
        return format_time(change.created)


@admin.register(MediumHealth)
class MediumHealthAdmin(RecordAdmin):
    """The media that messages were sent by, and since when a medium has been failing."""

    intro = "Media appear here after their first failure."
    list_display = ["medium_label", "status", "since", "incident_page"]
    fields = ["medium_label", "status", "since", "incident_page"]
    list_select_related = ["incident"]
    ordering = ["medium"]

    @admin.display(description="status")
    def status(self, health: MediumHealth) -> str:
        return badge("failing", "alarm") if health.failing_since else badge("working", "good")

    @admin.display(description="failing since")
    def since(self, health: MediumHealth) -> str:
        return format_time(health.failing_since)
