"""Route events from the change feed: select the users to notify, and write their deliveries."""

from time import monotonic

from django.db import transaction

from argus.incident.models import Change

from .models import Delivery, ProfileVersion
from .profile_cache import VERSION, ProfileCache
from .selection import Policy, load_facts, select

ROUTE_BATCH_SIZE = 100
INSERT_BATCH_SIZE = 500
# Seconds. Raw SQL can change profiles without a new version, so the cache is loaded again now and then.
MAX_CACHE_AGE = 60.0


class Router:
    """Routes events with a cache of all notification profiles."""

    def __init__(self) -> None:
        self.profiles: ProfileCache | None = None
        self.loaded = 0.0

    @transaction.atomic
    def route(self, policy: Policy) -> int:
        """Route the oldest events and return their number; 0 if there are none or another worker routes.

        One worker routes at a time, in the order of the feed. It locks the version of the profiles, so no profile
        changes between selection and commit.
        """
        row = ProfileVersion.objects.select_for_update(skip_locked=True).filter(pk=VERSION)
        version = row.values_list("number", flat=True).first()
        if version is None:
            # Another worker has locked the row, or "manage.py flush" has deleted it.
            ProfileVersion.objects.bulk_create([ProfileVersion(pk=VERSION)], ignore_conflicts=True)
            return 0
        changes = list(Change.objects.unrouted().order_by("pk").only("event_id", "request_id")[:ROUTE_BATCH_SIZE])
        if changes:
            profiles, request_ids = self.profiles_at(version), {one.event_id: one.request_id for one in changes}
            deliveries = [one for facts in load_facts(request_ids) for one in select(facts, profiles, policy)]
            for delivery in deliveries:
                delivery.request_id = request_ids[delivery.event_id]
            Delivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=INSERT_BATCH_SIZE)
            Change.objects.filter(pk__in=[one.pk for one in changes]).update(routed=True)
        return len(changes)

    def profiles_at(self, version: int) -> ProfileCache:
        """Return all profiles at this version, from memory if possible."""
        is_old = monotonic() - self.loaded > MAX_CACHE_AGE
        if self.profiles is None or self.profiles.version != version or is_old:
            self.profiles, self.loaded = ProfileCache.load(version), monotonic()
        return self.profiles
