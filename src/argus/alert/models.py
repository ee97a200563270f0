"""Alerts: what an incident has more when it is about an object of the inventory. Rows change through ``services`` only.

Whether an alert is open, until when it is acknowledged and what its message is stands in its incident.
"""

from collections.abc import Iterable
from uuid import uuid4

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from argus.incident.models import Incident
from argus.inventory.models import Cloud, Customer, Project, ProjectGroup
from argus.inventory.scopes import SCOPES

# So many are named one by one; of more than these the database looks at a good part of the alerts anyway.
MOST_PLACES = 1000


class Severity(models.IntegerChoices):
    """How bad it is. The label is the word on the wire."""

    DEBUG = 10, "Debug"
    INFO = 20, "Info"
    WARNING = 30, "Warning"
    ERROR = 40, "Error"

    @classmethod
    def named(cls, word: str) -> "Severity":
        """Return the severity of this name. Raises ``KeyError``; case matters."""
        return {one.label: one for one in cls}[word]


def uuids_of(*querysets: models.QuerySet) -> models.QuerySet:
    """Return the UUIDs of the rows of all the querysets, as one question to the database."""
    first, *others = (queryset.order_by().values("uuid") for queryset in querysets)
    return first.union(*others, all=True)


class AlertQuerySet(models.QuerySet):
    """The vocabulary for asking about alerts."""

    def visible_to(self, user):
        """What the user may know of: the alerts on what she sees; for staff also those on what is gone."""
        if user.is_staff:
            return self.all()
        kinds = (Project, ProjectGroup, Customer, Cloud)
        return self.under(*(kind.objects.visible_to(user) for kind in kinds))

    def under(self, *places):
        """On the rows of these querysets, and on what is in the projects among them. One query, to look these up.

        The database cannot guess how few places the rules of visibility leave, and would look through all alerts.
        """
        uuids = uuids_of(*places)
        few = set(uuids.values_list("uuid", flat=True)[: MOST_PLACES + 1])
        return self.filter(place_uuid__in=few if len(few) <= MOST_PLACES else uuids)

    def in_place(self):
        """On what is still there."""
        return self.filter(place_uuid__isnull=False)

    def of_types(self, types: Iterable[str]):
        """Of one of these types. The index begins with the kind of scope: the database looks under each."""
        return self.filter(scope_type__in=list(SCOPES), alert_type__in=types)

    def open(self):
        return self.ending(gt=timezone.now())

    def closed(self):
        return self.filter(incident__end_time__lte=timezone.now())

    # Few are these of all incidents. So the database begins with them, by indexes that end in the flag ``restricted``:
    # told that the incident has it, as that of every alert does, it passes over those that are no alerts within them.

    def ending(self, **bounds):
        """With an end within the bounds, which are lookups of a datetime. That of what is open is infinitely late."""
        times = {f"incident__end_time__{name}": moment for name, moment in bounds.items()}
        return self.filter(incident__restricted=True, **times)

    def acked(self):
        return self.filter(incident__restricted=True, incident__acked_until__gt=timezone.now())

    def unacked(self):
        acked = Incident.objects.acked().filter(restricted=True, pk=OuterRef("incident_id"))
        return self.filter(~Exists(acked))


class Alert(models.Model):
    """An incident about an object of the inventory.

    What it is about is named by kind and UUID, so that it outlives the object.
    """

    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)
    incident = models.OneToOneField(Incident, models.CASCADE, related_name="alert")
    # The incident's start, which never changes: alerts are listed by it.
    created = models.DateTimeField()
    alert_type = models.CharField(max_length=50)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    scope_type = models.CharField(max_length=30)
    scope_uuid = models.UUIDField("scope UUID")
    # Whoever sees this sees the alert: the project of what is in a project, else the scope itself. It never changes,
    # but is emptied when the scope is deleted.
    place_uuid = models.UUIDField("place UUID", null=True)
    context = models.JSONField(default=dict)

    objects = AlertQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["created", "id"], name="alert_newest"),
            models.Index(fields=["severity", "created", "id"], name="alert_worst"),
            models.Index(fields=["place_uuid", "created", "id"], name="alert_newest_of_place"),
            models.Index(fields=["scope_uuid", "created", "id"], name="alert_newest_of_scope"),
            models.Index(fields=["scope_type", "alert_type"], name="alert_kind"),
        ]

    def __str__(self):
        return f"{self.get_severity_display()}: {self.alert_type}"
