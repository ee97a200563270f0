"""Tables of the HTTP layer."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyRecord(models.Model):
    """The response to a request that had an ``Idempotency-Key``, kept so that a repeated request gets the same one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of method, URL, content type and body.")
    time = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True, help_text="JSON")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_user_key_uniq")]
        indexes = [models.Index(fields=["user", "time"], name="idempotency_user_time_idx")]

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"
