"""Sources, incidents, their history, and the change feed. Services write the rows."""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from argus.util.infinity import INFINITY, InfinityDateTimeField

from .fields import CurrentTransactionId
from .lifecycle import EventType, State
from .querysets import ChangeQuerySet, IncidentQuerySet

# A row of a unique index on PostgreSQL takes at most a third of a page.
MAX_SOURCE_ID_BYTES = 2000


class SourceSystemType(models.Model):
    """A kind of monitoring system, such as ``nav`` or ``zabbix``. The lower-case name is the primary key."""

    name = models.CharField(max_length=100, primary_key=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SourceSystem(models.Model):
    """One installation of a monitoring system, and its account."""

    name = models.CharField(max_length=150)
    type = models.ForeignKey(SourceSystemType, models.PROTECT, related_name="instances")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="source_system")
    base_url = models.CharField(
        "base URL", max_length=2048, blank=True, help_text="Relative details URLs are joined to it."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "type"], name="sourcesystem_name_type_uniq")]
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.type_id})"


class Tag(models.Model):
    """A key and a value. The value can be too long for a unique index, so the digest identifies a tag."""

    key = models.TextField()
    value = models.TextField(blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        indexes = [models.Index(models.functions.Left("key", 100), name="tag_key_idx")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"

    @staticmethod
    def digest_of(key: str, value: str) -> str:
        """Return the SHA-256 of key and value, 64 hexadecimal digits."""
        return hashlib.sha256(f"{key}={value}".encode()).hexdigest()


class Incident(models.Model):
    """A problem that a source has reported. ``end_time``: null is stateless, ``INFINITY`` is open."""

    start_time = models.DateTimeField()
    end_time = InfinityDateTimeField(null=True, blank=True)
    source = models.ForeignKey(SourceSystem, models.CASCADE, related_name="incidents", db_index=False)
    source_incident_id = models.TextField("source incident ID")
    details_url = models.TextField("details URL", blank=True)
    description = models.TextField(blank=True)
    ticket_url = models.TextField("ticket URL", blank=True)
    # Visible to staff only, see ``visible_to``. Never changes.
    restricted = models.BooleanField(default=False, db_default=False, editable=False)
    # The latest expiration of the acknowledgements, ``INFINITY`` for one without expiration.
    acked_until = InfinityDateTimeField(null=True, blank=True, editable=False)
    # At most one open incident has the same key. Never changes.
    open_key = models.TextField(null=True, editable=False)
    tags = models.ManyToManyField(Tag, through="IncidentTagRelation", related_name="incidents")
    # The tags of an incident that was just created, as ``tags.TagLine``; set by ``create_incident``.
    new_tags: list[Any]

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_incident_id"], name="incident_source_source_incident_id_uniq"
            ),
            # The order of the lists. Unique, so that the foreign key of tags can refer to both columns.
            models.UniqueConstraint(fields=["start_time", "id"], name="incident_start_time_id_uniq"),
            models.UniqueConstraint(
                fields=["open_key"],
                name="incident_open_key_uniq",
                condition=Q(end_time=INFINITY, open_key__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["start_time", "id"], name="incident_start_time_idx", condition=Q(restricted=False)),
            # These end in ``restricted``, so that restricted rows are skipped without reading the table.
            models.Index(fields=["source", "start_time", "id", "restricted"], name="incident_source_start_time_idx"),
            models.Index(
                fields=["end_time", "start_time", "id", "restricted", "acked_until"],
                name="incident_end_time_idx",
                condition=Q(end_time__isnull=False),
            ),
            models.Index(
                fields=["source", "end_time", "start_time", "id", "restricted"],
                name="incident_source_end_time_idx",
                condition=Q(end_time__isnull=False),
            ),
            models.Index(
                fields=["start_time", "id", "restricted"],
                name="incident_acked_idx",
                condition=Q(acked_until__isnull=False),
            ),
            models.Index(
                fields=["start_time", "id", "restricted"],
                name="incident_stateless_idx",
                condition=Q(end_time__isnull=True),
            ),
            models.Index(
                fields=["open_key", "end_time"], name="incident_open_key_idx", condition=Q(open_key__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.description[:60] or self.source_incident_id[:60]}"

    def state_at(self, moment: datetime) -> State:
        """Return the state at an aware datetime."""
        if self.end_time is None:
            return State.STATELESS
        return State.OPEN if self.end_time > moment else State.CLOSED

    @property
    def stateful(self) -> bool:
        return self.end_time is not None

    @property
    def open(self) -> bool:
        return self.state_at(timezone.now()) is State.OPEN

    @property
    def acked(self) -> bool:
        return self.acked_until is not None and self.acked_until > timezone.now()


class IncidentTagRelation(models.Model):
    """A tag of an incident, and who added it when. Only that user and superusers may remove it.

    On PostgreSQL, one foreign key covers the incident and its start time. The planner then knows that the two columns
    depend on each other, and estimates joins on both correctly.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="tag_relations", db_constraint=False)
    tag = models.ForeignKey(Tag, models.RESTRICT, related_name="incident_relations", db_index=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.RESTRICT, related_name="+", db_index=False)
    added_time = models.DateTimeField()
    # Copied from the incident, where it never changes: one index has the incidents of a tag in the order of the lists.
    start_time = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tag", "start_time", "incident"], name="incidenttagrelation_tag_start_time_incident_uniq"
            )
        ]

    def __str__(self) -> str:
        return str(self.tag)


class IncidentRelationType(models.Model):
    """A type of relation between two incidents, such as "caused by"."""

    name = models.CharField(max_length=150, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class IncidentRelation(models.Model):
    """A relation between two incidents. Created in the admin only."""

    type = models.ForeignKey(IncidentRelationType, models.PROTECT, related_name="relations")
    incident1 = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    incident2 = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    description = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(incident1=F("incident2")), name="incidentrelation_incidents_check")
        ]

    def __str__(self) -> str:
        return f"{self.incident1_id} {self.type} {self.incident2_id}"


class Event(models.Model):
    """Something that happened to an incident. Never changed."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="events", db_index=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.RESTRICT, related_name="caused_events")
    timestamp = models.DateTimeField(help_text="When it happened, by the clock of the actor.")
    received = models.DateTimeField(default=timezone.now, help_text="When Argus received it, by its own clock.")
    type = models.CharField(max_length=3, choices=EventType.choices)
    description = models.TextField(blank=True)
    quiet = models.BooleanField(default=False, db_default=False, help_text="No user is notified of it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "type"],
                condition=Q(type__in=[EventType.START, EventType.END]),
                name="event_incident_type_uniq",
            )
        ]
        indexes = [
            models.Index(fields=["incident", "timestamp", "id"], name="event_incident_timestamp_idx"),
            # For filters in the admin. Starts and ends are left out, because every incident has them.
            models.Index(
                fields=["type", "id"],
                name="event_type_idx",
                condition=Q(type__in=[EventType.CLOSE, EventType.REOPEN, EventType.ACKNOWLEDGE, EventType.OTHER]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} of incident {self.incident_id}"


class Acknowledgement(models.Model):
    """An event by which a user acknowledges an incident, until the expiration if there is one."""

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="ack")
    expiration = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Acknowledgement of incident {self.event.incident_id}"


class ChangeKind(models.TextChoices):
    """What a change did to its incident. An event without effect (``EVENT``) is not shown live."""

    CREATED = "created"
    MODIFIED = "modified"
    EVENT = "event"


class Change(models.Model):
    """A row of the change feed, written by ``changes`` only.

    Rows outlive a deleted incident until they are pruned, therefore the foreign keys have no database constraint.
    """

    # The transaction that wrote the row. Readers compare it with snapshots on PostgreSQL.
    transaction_id = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False)
    incident = models.ForeignKey(
        Incident, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, editable=False
    )
    event = models.ForeignKey(
        Event, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, null=True, editable=False
    )
    kind = models.CharField(max_length=8, choices=ChangeKind.choices, editable=False)
    # Copied from the incident, so that readers filter without a join.
    restricted = models.BooleanField(editable=False)
    quiet = models.BooleanField(default=False, editable=False)
    request_id = models.CharField(max_length=64, blank=True, default="", editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    # False until a worker has selected the users to notify. True at once if there is nothing to select.
    routed = models.BooleanField(default=False, editable=False)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        # The admin lists the unrouted rows only.
        verbose_name = "unrouted event"
        indexes = [
            models.Index(fields=["transaction_id"], name="change_transaction_id_idx"),
            models.Index(fields=["id", "event"], name="change_unrouted_idx", condition=Q(routed=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} incident {self.incident_id}"
