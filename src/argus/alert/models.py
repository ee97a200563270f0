"""Alerts: incidents about an object of the inventory. Only ``services`` writes them.

The incident has the state, the acknowledgement and the message of an alert.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from argus.auth.models import User
from argus.incident.models import Incident
from argus.inventory.models import Cloud, Customer, Project, ProjectGroup
from argus.inventory.scopes import SCOPES
from argus.inventory.visibility import visible_to

# Up to so many UUIDs are listed in the query. With more, PostgreSQL reads a large part of the alerts in any case.
MAX_LISTED_PLACES = 1000


class Severity(models.IntegerChoices):
    """The severity of an alert. The label is the word on the wire."""

    DEBUG = 10, "Debug"
    INFO = 20, "Info"
    WARNING = 30, "Warning"
    ERROR = 40, "Error"

    @classmethod
    def from_label(cls, label: str) -> "Severity":
        """Return the severity with this label. Case matters. Raises ``KeyError``."""
        return {one.label: one for one in cls}[label]


def union_uuids(*querysets: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Return the UUIDs of the rows of all querysets, in one query."""
    first, *others = (queryset.order_by().values("uuid") for queryset in querysets)
    return first.union(*others, all=True)


class AlertQuerySet(models.QuerySet["Alert"]):
    """Querysets of alerts by state, visibility and scope."""

    def visible_to(self, user: User) -> "AlertQuerySet":
        """The alerts on objects that the user sees; for staff all alerts, also those on deleted objects."""
        if user.is_staff:
            return self.all()
        models_of_places = (Project, ProjectGroup, Customer, Cloud)
        return self.under(*(visible_to(model._default_manager.all(), user) for model in models_of_places))

    def under(self, *places: models.QuerySet[Any]) -> "AlertQuerySet":
        """Alerts on the rows of these querysets, and on objects in the projects among them. One query for the rows.

        Within the query, PostgreSQL would expect that the conditions hold for most places, and read all alerts.
        """
        uuids = union_uuids(*places)
        few = set(uuids.values_list("uuid", flat=True)[: MAX_LISTED_PLACES + 1])
        return self.filter(place_uuid__in=few if len(few) <= MAX_LISTED_PLACES else uuids)

    def with_scope(self) -> "AlertQuerySet":
        """Alerts whose scope is not deleted."""
        return self.filter(place_uuid__isnull=False)

    def of_types(self, types: Iterable[str]) -> "AlertQuerySet":
        """Alerts of these types. The index begins with the kind of scope, so all kinds are listed."""
        return self.filter(scope_type__in=list(SCOPES), alert_type__in=types)

    def open(self) -> "AlertQuerySet":
        return self.ending(gt=timezone.now())

    def closed(self) -> "AlertQuerySet":
        return self.filter(incident__end_time__lte=timezone.now())

    # The incident of every alert is restricted. With this condition, PostgreSQL begins with the incidents and skips
    # those that are not alerts within the indexes, which end in ``restricted``.

    def ending(self, **bounds: datetime) -> "AlertQuerySet":
        """Alerts whose end fits the bounds, which are lookups of a datetime. An open alert ends at infinity."""
        times = {f"incident__end_time__{name}": moment for name, moment in bounds.items()}
        return self.filter(incident__restricted=True, **times)

    def acked(self) -> "AlertQuerySet":
        return self.filter(incident__restricted=True, incident__acked_until__gt=timezone.now())

    def unacked(self) -> "AlertQuerySet":
        acked = Incident.objects.acked().filter(restricted=True, pk=OuterRef("incident_id"))
        return self.filter(~Exists(acked))


class Alert(models.Model):
    """An incident about an object of the inventory, its scope.

    It names the scope by kind and UUID, because it outlives the scope.
    """

    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)
    incident = models.OneToOneField(Incident, models.CASCADE, related_name="alert")
    # Copied from the incident, where it never changes. Alerts are listed by it.
    created = models.DateTimeField()
    alert_type = models.CharField(max_length=50)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    scope_type = models.CharField(max_length=30)
    scope_uuid = models.UUIDField("scope UUID")
    # The object that decides who sees the alert: the project of an object in a project, otherwise the scope itself.
    # Null if the scope is deleted.
    place_uuid = models.UUIDField("place UUID", null=True)
    context = models.JSONField(default=dict)

    objects = AlertQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["created", "id"], name="alert_created_idx"),
            models.Index(fields=["severity", "created", "id"], name="alert_severity_idx"),
            models.Index(fields=["place_uuid", "created", "id"], name="alert_place_uuid_idx"),
            models.Index(fields=["scope_uuid", "created", "id"], name="alert_scope_uuid_idx"),
            models.Index(fields=["scope_type", "alert_type"], name="alert_scope_type_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.get_severity_display()}: {self.alert_type}"
