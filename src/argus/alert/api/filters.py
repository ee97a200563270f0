"""What lists and counts of alerts can be filtered and ordered by. Refusals are keyed by the parameter as written.

Each parameter narrows further. Empty values are as if absent, but for those that say otherwise; unknown parameters are
ignored; of a parameter that is no list and comes twice, the last counts.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from argus.inventory.models import Cloud, Customer, Project, ProjectGroup
from argus.inventory.scopes import SCOPES, resolve_scope
from argus.util.errors import DomainError

from ..models import AlertQuerySet, Severity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds. The longest number that is some day before the year 10000 has twelve digits.
NUMBER = re.compile(r"[+-]?([0-9]{1,12}(\.[0-9]{0,30})?|\.[0-9]{1,30})", re.ASCII)
HEX_UUID = re.compile(r"[0-9a-f]{32}", re.ASCII)
WORDS = {"true": True, "1": True, "false": False, "0": False}
# Turned round by a minus, ties included.
ORDERS = {"created": ("created", "pk"), "severity": ("severity", "created", "pk")}
NEWEST_FIRST = ("-created", "-pk")
LISTS = {"severity", "alert_type"}
# What is there is asked for, even without a value.
SAYS_SOMETHING_EMPTY = {"opened", "aggregate", "scope_type"}


def filter_alerts(alerts: AlertQuerySet, params: QueryDict, *, user) -> AlertQuerySet:
    """Narrow alerts to what the parameters ask for. Raises ``ValidationError`` that names all that are wrong."""
    errors = {}
    for name, narrow in FILTERS.items():
        if is_asked(params, name):
            try:
                alerts = narrow(alerts, params, user)
            except DomainError as error:
                errors[error.field or name] = [error.message]
    if errors:
        raise ValidationError(errors)
    return alerts


def is_asked(params: QueryDict, name: str) -> bool:
    """Tell whether a parameter says anything."""
    if name in SAYS_SOMETHING_EMPTY:
        return name in params
    return any(params.getlist(name)) if name in LISTS else bool(params.get(name))


def order_alerts(alerts: AlertQuerySet, params: QueryDict) -> AlertQuerySet:
    """Put alerts in the order asked for, newest first without one."""
    text = params.get("o", "")
    order = ORDERS.get(text.removeprefix("-"))
    if text and order is None:
        choices = ", ".join(choice for name in ORDERS for choice in (name, f"-{name}"))
        raise ValidationError({"o": [f"Must be one of {choices}."]})
    names = order or ()
    return alerts.order_by(*([f"-{name}" for name in names] if text.startswith("-") else names or NEWEST_FIRST))


def by_severity(alerts, params, user):
    words = [word for word in params.getlist("severity") if word]
    return alerts.filter(severity__in=[Severity.named(check_choice(word, Severity.labels)) for word in words])


def by_alert_type(alerts, params, user):
    # No alert has one with a null character, which the database does not even take.
    types = [text for text in params.getlist("alert_type") if text and "\0" not in text]
    return alerts.of_types(types)


def by_scope(alerts, params, user):
    scope = resolve_scope(params["scope"], user=user)
    if scope is None:
        raise DomainError("This link leads to nothing that an alert can be about.")
    return alerts.filter(scope_uuid=scope.uuid)


def by_scope_type(alerts, params, user):
    return alerts.filter(scope_type=check_choice(params["scope_type"], SCOPES))


def by_created_from(alerts, params, user):
    return alerts.filter(created__gte=read_moment(params["created_from"]))


def by_created_to(alerts, params, user):
    return alerts.filter(created__lt=read_moment(params["created_to"]))


def by_closed_from(alerts, params, user):
    return alerts.closed().ending(gte=read_moment(params["closed_from"]))


def by_closed_to(alerts, params, user):
    """None is closed before it is created, which spares the database all that were created later."""
    moment = read_moment(params["closed_to"])
    return alerts.closed().ending(lt=moment).filter(created__lt=moment)


def by_active_from(alerts, params, user):
    """Open, or closed then or later."""
    moment, now = read_moment(params["from"]), timezone.now()
    # What is open ends later than now, so later than any earlier moment too.
    if moment <= now:
        return alerts.ending(gte=moment)
    return alerts.filter(incident__end_time__gt=now)


def by_active_to(alerts, params, user):
    moment = read_moment(params["to"])
    if params.get("from") and read_moment(params["from"], name="from") >= moment:
        raise DomainError('"from" must be earlier than "to".', field="non_field_errors")
    return alerts.filter(created__lte=moment)


def by_opened(alerts, params, user):
    return alerts.open()


def by_acknowledged(alerts, params, user):
    word = params["acknowledged"].strip().lower()
    if word not in WORDS:
        raise DomainError("Must be True or False.")
    return alerts.acked() if WORDS[word] else alerts.unacked()


def by_aggregate(alerts, params, user):
    """On what lies under the objects of this kind that the user sees or, with ``uuid``, under that one."""
    model, parts = AGGREGATES[check_choice(params["aggregate"], AGGREGATES)]
    tops = model.objects.visible_to(user)
    if model is Customer and not params.get("uuid"):
        # Whoever sees anything sees its customer.
        return alerts.in_place()
    if text := params.get("uuid"):
        tops = tops.filter(uuid=UUID(hex=text)) if HEX_UUID.fullmatch(text) else tops.none()
    return alerts.under(*parts(tops.order_by().values("pk")))


def by_uuid(alerts, params, user):
    """Alone, it is a customer's."""
    if "aggregate" in params:
        return alerts
    params = params.copy()
    params["aggregate"] = Customer.kind
    return by_aggregate(alerts, params, user)


# Kind: the model, and the querysets of it and all under it that alerts may have their place at.
AGGREGATES = {
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

FILTERS = {
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


def check_choice(word: str, choices) -> str:
    """Return the word if it is one of the choices; case matters."""
    if word not in choices:
        raise DomainError(f"Must be one of {', '.join(choices)}.")
    return word


def read_moment(text: str, *, name: str | None = None) -> datetime:
    """Read seconds since the epoch, with or without a fraction, as an aware datetime in UTC."""
    text = text.strip()
    try:
        if not NUMBER.fullmatch(text):
            raise ValueError
        return EPOCH + timedelta(microseconds=int(Decimal(text) * 1_000_000))
    except (ValueError, OverflowError):
        raise DomainError("Must be seconds since 1970, between the years 1 and 9999.", field=name) from None
