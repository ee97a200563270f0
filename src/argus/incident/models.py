"""What is kept of sources, incidents and all that happened to them. Rows change through ``services`` only."""

import hashlib
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from argus.util.infinity import INFINITY, InfinityDateTimeField

from .fields import CurrentTransactionId
from .lifecycle import EventType, State

if TYPE_CHECKING:
    from .tags import TagLine

# A unique index on PostgreSQL holds at most a third of a page; this leaves room for any character.
LONGEST_SOURCE_ID = 2000


class SourceSystemType(models.Model):
    """A kind of monitoring system, such as ``nav`` or ``zabbix``. The name, in lower case, is its identity."""

    name = models.CharField(max_length=100, primary_key=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class SourceSystem(models.Model):
    """One installation of a monitoring system, with the account it posts by."""

    name = models.CharField(max_length=150)
    type = models.ForeignKey(SourceSystemType, models.PROTECT, related_name="instances")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="source_system")
    base_url = models.CharField(
        "base URL", max_length=2048, blank=True, help_text="What relative details URLs are joined to."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "type"], name="source_name_unique_in_type")]
        ordering = ["name", "pk"]

    def __str__(self):
        return f"{self.name} ({self.type_id})"


class Tag(models.Model):
    """A key and a value. Values have any length, so it is their digest that makes a tag unique."""

    key = models.TextField()
    value = models.TextField(blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        # Enough to find a key, or a key and the beginning of a value.
        indexes = [models.Index(models.functions.Left("key", 100), name="tag_key")]

    def __str__(self):
        return f"{self.key}={self.value}"

    @staticmethod
    def digest_of(key: str, value: str) -> str:
        """Return what identifies the tag, 64 hexadecimal digits."""
        return hashlib.sha256(f"{key}={value}".encode()).hexdigest()


class IncidentQuerySet(models.QuerySet):
    """The vocabulary for asking about incidents."""

    def stateful(self):
        return self.filter(end_time__isnull=False)

    def stateless(self):
        return self.filter(end_time__isnull=True)

    def open(self):
        return self.filter(end_time__gt=timezone.now())

    def closed(self):
        """Stateful and ended: a stateless incident is neither open nor closed."""
        return self.filter(end_time__lte=timezone.now())

    def acked(self):
        return self.filter(acked_until__gt=timezone.now())

    def unacked(self):
        return self.filter(Q(acked_until__isnull=True) | Q(acked_until__lte=timezone.now()))

    def visible_to(self, user):
        """What the user may know of: everything for staff, for all others what is not restricted."""
        return self.all() if user.is_staff else self.filter(restricted=False)

    def posted_by(self, user):
        """Of the user's own source system; nothing if there is none."""
        source = getattr(user, "source_system", None)
        return self.filter(source_id=source.pk) if source else self.none()


class Incident(models.Model):
    """Something that is, or was, wrong at a source. ``end_time``: null is stateless, ``INFINITY`` is open."""

    start_time = models.DateTimeField()
    end_time = InfinityDateTimeField(null=True, blank=True)
    source = models.ForeignKey(SourceSystem, models.CASCADE, related_name="incidents", db_index=False)
    source_incident_id = models.TextField("source incident ID")
    details_url = models.TextField("details URL", blank=True)
    description = models.TextField(blank=True)
    ticket_url = models.TextField("ticket URL", blank=True)
    # Visible to staff only, see ``visible_to``. Set by the app that creates the incident; it never changes.
    restricted = models.BooleanField(default=False, db_default=False, editable=False)
    # The latest moment until which some ack holds; kept by the service that writes the ack.
    acked_until = InfinityDateTimeField(null=True, blank=True, editable=False)
    # At most one open incident has the same key. Set by the app that creates the incident; it never changes.
    open_key = models.TextField(null=True, editable=False)
    tags = models.ManyToManyField(Tag, through="IncidentTagRelation", related_name="incidents")
    # The tags of an incident that was just created; set by ``create_incident``.
    new_tags: "list[TagLine]"

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_incident_id"], name="incident_unique_at_source"),
            # As an index, the order of the lists. Unique so that a tag can refer to both.
            models.UniqueConstraint(fields=["start_time", "id"], name="incident_newest"),
            models.UniqueConstraint(
                fields=["open_key"],
                name="incident_open_key_uniq",
                condition=Q(end_time=INFINITY, open_key__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["start_time", "id"], name="incident_newest_for_all", condition=Q(restricted=False)),
            # These end in the flag so that what is restricted is passed over within the index.
            models.Index(fields=["source", "start_time", "id", "restricted"], name="incident_newest_of_source"),
            # Also what is not acknowledged is found within it: it is what frontends ask for first.
            models.Index(
                fields=["end_time", "start_time", "id", "restricted", "acked_until"],
                name="incident_open",
                condition=Q(end_time__isnull=False),
            ),
            # What a source asks for whenever it compares notes: its own open ones, few among all that it ever posted.
            models.Index(
                fields=["source", "end_time", "start_time", "id", "restricted"],
                name="incident_open_of_source",
                condition=Q(end_time__isnull=False),
            ),
            models.Index(
                fields=["start_time", "id", "restricted"],
                name="incident_acked",
                condition=Q(acked_until__isnull=False),
            ),
            models.Index(
                fields=["start_time", "id", "restricted"],
                name="incident_stateless",
                condition=Q(end_time__isnull=True),
            ),
            # Finds the incident that holds a key, also with an end in the future.
            models.Index(
                fields=["open_key", "end_time"],
                name="incident_open_key_idx",
                condition=Q(open_key__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.pk}: {self.description[:60] or self.source_incident_id[:60]}"

    def state_at(self, moment) -> State:
        """Tell where the incident stands at an aware datetime."""
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
    """A tag on an incident, and who put it there when. Only its owner, or a superuser, may take it off.

    On PostgreSQL one foreign key is on both, the incident and its start: the planner then knows that whoever has the
    one has the other, and does not take two conditions for two chances.
    """

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="tag_relations", db_constraint=False)
    tag = models.ForeignKey(Tag, models.RESTRICT, related_name="incident_relations", db_index=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.RESTRICT, related_name="+", db_index=False)
    added_time = models.DateTimeField()
    # The incident's, which never changes: so one index has all that has a tag in the order of the lists.
    start_time = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "start_time", "incident"], name="tag_once_on_incident")]

    def __str__(self):
        return str(self.tag)


class IncidentRelationType(models.Model):
    """A way in which two incidents can belong together, such as "caused by"."""

    name = models.CharField(max_length=150, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class IncidentRelation(models.Model):
    """Two incidents that belong together. Made in the admin only."""

    type = models.ForeignKey(IncidentRelationType, models.PROTECT, related_name="relations")
    incident1 = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    incident2 = models.ForeignKey(Incident, models.CASCADE, related_name="+")
    description = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(incident1=F("incident2")), name="incident_not_related_to_itself")
        ]

    def __str__(self):
        return f"{self.incident1_id} {self.type} {self.incident2_id}"


class Event(models.Model):
    """Something that happened to an incident. Never changed afterwards."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="events", db_index=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.RESTRICT, related_name="caused_events")
    timestamp = models.DateTimeField(help_text="When it happened, by the actor's clock.")
    received = models.DateTimeField(default=timezone.now, help_text="When Argus was told, by its own clock.")
    type = models.CharField(max_length=3, choices=EventType.choices)
    description = models.TextField(blank=True)
    quiet = models.BooleanField(default=False, db_default=False, help_text="For the history: nobody is told of it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "type"],
                condition=Q(type__in=[EventType.START, EventType.END]),
                name="one_start_and_one_end_per_incident",
            )
        ]
        indexes = [
            models.Index(fields=["incident", "timestamp", "id"], name="event_newest_of_incident"),
            # For the admin. Nothing that comes in by itself is in it: starts and ends are found anywhere.
            models.Index(
                fields=["type", "id"],
                name="event_of_rare_type",
                condition=Q(type__in=[EventType.CLOSE, EventType.REOPEN, EventType.ACKNOWLEDGE, EventType.OTHER]),
            ),
        ]

    def __str__(self):
        return f"{self.get_type_display()} of incident {self.incident_id}"


class Acknowledgement(models.Model):
    """An event by which a person takes note of an incident. Without an expiration it holds forever."""

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="ack")
    expiration = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return f"Acknowledgement of incident {self.event.incident_id}"


class ChangeKind(models.TextChoices):
    """What a change did to its incident. An event without effect (``EVENT``) is not shown live."""

    CREATED = "created"
    MODIFIED = "modified"
    EVENT = "event"


class ChangeQuerySet(models.QuerySet):
    """What the readers of the feed ask for."""

    def unrouted(self):
        """Changes whose event has not been routed to deliveries yet."""
        return self.filter(routed=False)


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
        indexes = [
            models.Index(fields=["transaction_id"], name="change_transaction_id_idx"),
            models.Index(fields=["id", "event"], name="change_unrouted_idx", condition=Q(routed=False)),
        ]

    def __str__(self):
        return f"{self.kind} incident {self.incident_id}"
