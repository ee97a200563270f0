"""Querysets of the incident app, named by adjectives."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from argus.auth.models import User


class IncidentQuerySet(QuerySet[Any]):
    """Querysets of incidents by state and visibility."""

    def stateful(self) -> "IncidentQuerySet":
        return self.filter(end_time__isnull=False)

    def stateless(self) -> "IncidentQuerySet":
        return self.filter(end_time__isnull=True)

    def open(self) -> "IncidentQuerySet":
        return self.filter(end_time__gt=timezone.now())

    def closed(self) -> "IncidentQuerySet":
        """Stateful and ended. A stateless incident is neither open nor closed."""
        return self.filter(end_time__lte=timezone.now())

    def acked(self) -> "IncidentQuerySet":
        return self.filter(acked_until__gt=timezone.now())

    def unacked(self) -> "IncidentQuerySet":
        return self.filter(Q(acked_until__isnull=True) | Q(acked_until__lte=timezone.now()))

    def visible_to(self, user: User) -> "IncidentQuerySet":
        """All incidents for staff, the unrestricted ones for other users."""
        return self.all() if user.is_staff else self.filter(restricted=False)

    def posted_by(self, user: User) -> "IncidentQuerySet":
        """Incidents of the user's own source system; none for users without one."""
        source = getattr(user, "source_system", None)
        return self.filter(source_id=source.pk) if source else self.none()


class ChangeQuerySet(QuerySet[Any]):
    """Querysets of changes."""

    def unrouted(self) -> "ChangeQuerySet":
        """Changes whose event has not been routed to deliveries yet."""
        return self.filter(routed=False)
