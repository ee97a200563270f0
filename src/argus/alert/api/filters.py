"""Filters and orders of alert lists and counts. Errors are keyed by the name of the parameter.

All parameters apply together. Empty and unknown parameters are ignored, except those of ``PRESENCE_PARAMETERS``. If a
parameter that is not a list is given twice, the last value counts.
"""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from argus.auth.models import User
from argus.inventory.models import Cloud, Customer, Project, ProjectGroup
from argus.inventory.scopes import SCOPES, resolve_scope
from argus.inventory.visibility import visible_to
from argus.util.errors import DomainError

from ..models import AlertQuerySet, Severity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since 1970. Twelve digits are enough for all dates before the year 10000.
NUMBER = re.compile(r"[+-]?([0-9]{1,12}(\.[0-9]{0,30})?|\.[0-9]{1,30})", re.ASCII)
HEX_UUID = re.compile(r"[0-9a-f]{32}", re.ASCII)
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# A leading minus reverses all columns.
ORDERS = {"created": ("created", "pk"), "severity": ("severity", "created", "pk")}
NEWEST_FIRST = ("-created", "-pk")
LIST_PARAMETERS = {"severity", "alert_type"}
# Parameters that apply even without a value.
PRESENCE_PARAMETERS = {"opened", "aggregate", "scope_type"}


def filter_alerts(alerts: AlertQuerySet, params: QueryDict, *, user: User) -> AlertQuerySet:
    """Apply all filters. Raises ``ValidationError`` with the errors of all invalid parameters."""
    errors: dict[str, list[str]] = {}
    for name, apply_filter in FILTERS.items():
        if is_given(params, name):
            try:
                alerts = apply_filter(alerts, params, user)
            except DomainError as error:
                errors[error.field or name] = [error.message]
    if errors:
        raise ValidationError(errors)
    return alerts


def is_given(params: QueryDict, name: str) -> bool:
    """Return whether the parameter applies."""
    if name in PRESENCE_PARAMETERS:
        return name in params
    return any(params.getlist(name)) if name in LIST_PARAMETERS else bool(params.get(name))


def order_alerts(alerts: AlertQuerySet, params: QueryDict) -> AlertQuerySet:
    """Return the alerts in the order of the parameter ``o``, newest first without it."""
    text = value_of(params, "o")
    order = ORDERS.get(text.removeprefix("-"))
    if text and order is None:
        choices = ", ".join(choice for name in ORDERS for choice in (name, f"-{name}"))
        raise ValidationError({"o": [f"Must be one of {choices}."]})
    names = order or ()
    return alerts.order_by(*([f"-{name}" for name in names] if text.startswith("-") else names or NEWEST_FIRST))


def by_severity(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by severities."""
    words = [word for word in params.getlist("severity") if word]
    return alerts.filter(severity__in=[Severity.from_label(check_choice(word, Severity.labels)) for word in words])


def by_alert_type(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by types."""
    # The database rejects null characters.
    types = [text for text in params.getlist("alert_type") if text and "\0" not in text]
    return alerts.of_types(types)


def by_scope(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by the object that the alert is about."""
    scope = resolve_scope(value_of(params, "scope"), user=user)
    if scope is None:
        raise DomainError("This is not the link of an object that an alert can be about.")
    return alerts.filter(scope_uuid=scope.uuid)


def by_scope_type(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by the kind of object."""
    return alerts.filter(scope_type=check_choice(value_of(params, "scope_type"), SCOPES))


def by_created_from(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by the earliest creation."""
    return alerts.filter(created__gte=parse_timestamp(value_of(params, "created_from")))


def by_created_to(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by the latest creation, exclusive."""
    return alerts.filter(created__lt=parse_timestamp(value_of(params, "created_to")))


def by_closed_from(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by the earliest end."""
    return alerts.closed().ending(gte=parse_timestamp(value_of(params, "closed_from")))


def by_closed_to(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Also filter by creation: no alert is closed before it is created, and the index leaves out later ones."""
    moment = parse_timestamp(value_of(params, "closed_to"))
    return alerts.closed().ending(lt=moment).filter(created__lt=moment)


def by_active_from(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Alerts that are open, or closed at this time or later."""
    moment, now = parse_timestamp(value_of(params, "from")), timezone.now()
    # Open alerts end in the future, so later than this time.
    if moment <= now:
        return alerts.ending(gte=moment)
    return alerts.filter(incident__end_time__gt=now)


def by_active_to(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by the end of a period in which the alert was active."""
    moment = parse_timestamp(value_of(params, "to"))
    if value_of(params, "from") and parse_timestamp(value_of(params, "from"), name="from") >= moment:
        raise DomainError('"from" must be earlier than "to".', field="non_field_errors")
    return alerts.filter(created__lte=moment)


def by_opened(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by open alerts."""
    return alerts.open()


def by_acknowledged(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Filter by acknowledgement."""
    word = value_of(params, "acknowledged").strip().lower()
    if word not in BOOLEANS:
        raise DomainError("Must be True or False.")
    return alerts.acked() if BOOLEANS[word] else alerts.unacked()


def by_aggregate(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Alerts on visible objects of this kind and all objects in them; with ``uuid``, of that object only."""
    model, parts = AGGREGATES[check_choice(value_of(params, "aggregate"), AGGREGATES)]
    tops = visible_to(model._default_manager.all(), user)
    if model is Customer and not params.get("uuid"):
        # A user who sees an object sees its customer.
        return alerts.with_scope()
    if text := value_of(params, "uuid"):
        tops = tops.filter(uuid=UUID(hex=text)) if HEX_UUID.fullmatch(text) else tops.none()
    return alerts.under(*parts(tops.order_by().values("pk")))


def by_uuid(alerts: AlertQuerySet, params: QueryDict, user: User) -> AlertQuerySet:
    """Without ``aggregate``, the UUID is that of a customer."""
    if "aggregate" in params:
        return alerts
    params = params.copy()
    params["aggregate"] = Customer.kind
    return by_aggregate(alerts, params, user)


# By kind: the model, and the querysets of its rows and all places in them.
AGGREGATES: dict[str, tuple[type[Any], Callable[[Any], tuple[QuerySet[Any], ...]]]] = {
    Customer.kind: (
        Customer,
        lambda tops: (
            Customer.objects.filter(pk__in=tops),
            *(model.objects.filter(customer__in=tops) for model in (Project, ProjectGroup, Cloud)),
        ),
    ),
    Project.kind: (Project, lambda tops: (Project.objects.filter(pk__in=tops),)),
    ProjectGroup.kind: (
        ProjectGroup,
        lambda tops: (
            ProjectGroup.objects.filter(pk__in=tops),
            Project.objects.filter(group_memberships__project_group__in=tops),
        ),
    ),
}

FILTERS: dict[str, Callable[[AlertQuerySet, QueryDict, User], AlertQuerySet]] = {
    "severity": by_severity,
    "alert_type": by_alert_type,
    "scope": by_scope,
    "scope_type": by_scope_type,
    "created_from": by_created_from,
    "created_to": by_created_to,
    "closed_from": by_closed_from,
    "closed_to": by_closed_to,
    "from": by_active_from,
    "to": by_active_to,
    "opened": by_opened,
    "aggregate": by_aggregate,
    "uuid": by_uuid,
    "acknowledged": by_acknowledged,
}


def value_of(params: QueryDict, name: str) -> str:
    """Return the last value of a parameter, empty if it is not given."""
    return str(params.get(name, ""))


def check_choice(word: str, choices: Collection[str]) -> str:
    """Return the word if it is one of the choices. Case matters."""
    if word not in choices:
        raise DomainError(f"Must be one of {', '.join(choices)}.")
    return word


def parse_timestamp(text: str, *, name: str | None = None) -> datetime:
    """Parse seconds since 1970, with an optional fraction, into an aware datetime in UTC."""
    text = text.strip()
    try:
        if not NUMBER.fullmatch(text):
            raise ValueError
        return EPOCH + timedelta(microseconds=int(Decimal(text) * 1_000_000))
    except (ValueError, OverflowError):
        raise DomainError("Must be seconds since 1970, between the years 1 and 9999.", field=name) from None
