"""Notification profiles with their parts, and the delivery log."""

from datetime import datetime, time
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from multiselectfield import MultiSelectField

from argus.auth.models import PhoneNumber
from argus.incident.models import Event, Incident

from .media.registry import medium_label


class Day(models.TextChoices):
    """Days of the week, numbered as in ISO 8601."""

    MONDAY = "1", "Monday"
    TUESDAY = "2", "Tuesday"
    WEDNESDAY = "3", "Wednesday"
    THURSDAY = "4", "Thursday"
    FRIDAY = "5", "Friday"
    SATURDAY = "6", "Saturday"
    SUNDAY = "7", "Sunday"


class Timeslot(models.Model):
    """The times at which a user is notified: any of its recurrences."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="timeslots")
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="timeslot_user_name_uniq")]
        ordering = ["name"]
        verbose_name = "time slot"

    def __str__(self) -> str:
        return self.name


class TimeRecurrence(models.Model):
    """The same hours on some days of the week, in the server's time zone, both ends included. None spans midnight."""

    DAY_START, DAY_END = time.min, time.max

    timeslot = models.ForeignKey(Timeslot, models.CASCADE, related_name="time_recurrences")
    days = MultiSelectField(choices=Day.choices, max_length=13)
    start = models.TimeField()
    end = models.TimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(start__lt=F("end")), name="timerecurrence_start_end_check")]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} on {self.get_days_display()}"

    @property
    def is_all_day(self) -> bool:
        return self.start == self.DAY_START and self.end == self.DAY_END


class Filter(models.Model):
    """The incidents that a user is notified of. ``filter_string`` is JSON, see ``argus.incident.criteria``."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="filters")
    name = models.CharField(max_length=40)
    filter_string = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="filter_user_name_uniq")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


# Codes of the media of API v1. Further media come from ARGUS_MEDIA, so no field here lists them.
EMAIL, SMS = "EM", "SM"
MAX_CODE = 16
MAX_ADDRESS = 500


class Destination(models.Model):
    """An address of a user for a medium other than e-mail and SMS. The medium defines the settings.

    For e-mail and SMS the user's e-mail address and the profile's phone number take its place (API v1).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="destinations")
    medium = models.CharField(max_length=MAX_CODE)
    label = models.CharField(max_length=50)
    settings = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "medium", "label"], name="destination_user_medium_label_uniq")
        ]
        ordering = ["medium", "label"]

    def __str__(self) -> str:
        return f"{medium_label(self.medium)}: {self.label}"


class NotificationProfile(models.Model):
    """A subscription of a user: incidents that any of the filters matches, within the time slot, by these media.

    On the wire its pk is that of the time slot (seed). In the database it has its own, so that moving it to another
    slot keeps its deliveries.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_profiles")
    timeslot = models.OneToOneField(Timeslot, models.CASCADE, related_name="notification_profile")
    filters = models.ManyToManyField(Filter, related_name="notification_profiles")
    media = MultiSelectField(max_length=500)
    phone_number = models.ForeignKey(
        PhoneNumber, models.SET_NULL, related_name="notification_profiles", null=True, blank=True
    )
    active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["timeslot"]

    def __str__(self) -> str:
        return f"{self.user}: {self.timeslot}"


class ProfileVersion(models.Model):
    """One row that counts the changes of everything that selection depends on, so that workers notice stale caches."""

    number = models.BigIntegerField(default=0)

    class Meta:
        # The former name of the model. With a new one, processes of the previous version would fail during an upgrade.
        db_table = "argus_notificationprofile_routingversion"

    def __str__(self) -> str:
        return str(self.number)


class Verdict(models.TextChoices):
    """The state of a delivery. The first two are not final."""

    PENDING = "pending", "Pending"
    RETRYING = "retrying", "Retrying"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    SUPPRESSED = "suppressed", "Suppressed"


UNSETTLED = [Verdict.PENDING, Verdict.RETRYING]


class Reason(models.TextChoices):
    """Why a profile did not lead to a notification."""

    NONE = "", "-"
    TIMESLOT = "outside timeslot", "Outside the time slot"
    FILTER = "filter", "No filter matches"
    INACTIVE = "inactive profile", "The profile is inactive"
    NO_MEDIUM = "medium not configured", "The medium is not configured"
    NO_ADDRESS = "no address", "The user has no address for the medium"
    RESTRICTED = "restricted", "The incident is restricted to staff"
    QUIET = "quiet", "The event sends no notifications"
    SWITCHED_OFF = "switched off", "Notifications are switched off"


class DeliveryQuerySet(models.QuerySet):
    """Queries of the delivery log."""

    def unsettled(self) -> Self:
        return self.filter(verdict__in=UNSETTLED)

    def settled(self) -> Self:
        return self.exclude(verdict__in=UNSETTLED)

    def settled_before(self, moment: datetime) -> Self:
        return self.settled().filter(created__lt=moment)


class Delivery(models.Model):
    """An entry of the delivery log: one event, one user, one medium, one address."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries", db_index=False)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="deliveries")
    profile = models.ForeignKey(NotificationProfile, models.SET_NULL, related_name="deliveries", null=True)
    medium = models.CharField(max_length=MAX_CODE)
    destination = models.ForeignKey(Destination, models.SET_NULL, related_name="deliveries", null=True, db_index=False)
    address = models.CharField(max_length=MAX_ADDRESS, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.PENDING)
    reason = models.CharField(max_length=21, choices=Reason.choices, default=Reason.NONE, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    due = models.DateTimeField(default=timezone.now, help_text="Time of the next attempt.")
    leased_until = models.DateTimeField(null=True, help_text="A worker is sending it until then.")
    settled = models.DateTimeField(null=True, help_text="When it was sent, failed permanently, or was suppressed.")
    last_error = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "user", "medium", "address"], name="delivery_event_user_medium_address_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["due", "id"],
                name="delivery_due_idx",
                condition=Q(verdict__in=UNSETTLED),
            ),
            # For the order within one incident and address.
            models.Index(
                fields=["incident", "medium", "address", "id"],
                name="delivery_queue_idx",
                condition=Q(verdict__in=UNSETTLED),
            ),
            models.Index(fields=["incident"], name="delivery_incident_idx"),
            models.Index(fields=["created", "id"], name="delivery_created_idx"),
            # For the admin's filters. The common case, sent by e-mail, is in none of these indexes.
            models.Index(
                fields=["verdict", "id"],
                name="delivery_verdict_idx",
                condition=Q(verdict__in=[Verdict.FAILED, Verdict.SUPPRESSED]),
            ),
            models.Index(fields=["reason", "id"], name="delivery_reason_idx", condition=~Q(reason=Reason.NONE)),
            models.Index(fields=["medium", "id"], name="delivery_medium_idx", condition=~Q(medium=EMAIL)),
            # For the deletion of a destination.
            models.Index(
                fields=["destination"], name="delivery_destination_idx", condition=Q(destination__isnull=False)
            ),
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.get_medium_display()} to {self.address or self.user} about event {self.event_id}"

    def get_medium_display(self) -> str:
        return medium_label(self.medium)


class MediumHealth(models.Model):
    """Since when a medium has been failing without a success, and the incident that reports it."""

    medium = models.CharField(max_length=MAX_CODE, primary_key=True)
    failing_since = models.DateTimeField(null=True)
    incident = models.ForeignKey(Incident, models.SET_NULL, related_name="+", null=True)

    class Meta:
        verbose_name = "medium status"
        verbose_name_plural = "media status"

    def __str__(self) -> str:
        return self.get_medium_display()

    def get_medium_display(self) -> str:
        return medium_label(self.medium)
