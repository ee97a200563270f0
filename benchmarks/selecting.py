"""Duration of selecting the recipients of an event: ``python -m benchmarks.selecting EVENTS``.

Prints ``{"milliseconds": [of each event], "queries": of one event}``. The profiles are cached, as in a worker.
"""

import json
import sys
from time import perf_counter

import django


def main(number_of_events: int) -> None:
    """Select the recipients of the newest events, without storing the result."""
    django.setup()

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from argus.incident.models import Event
    from argus.notificationprofile.profile_cache import ProfileCache
    from argus.notificationprofile.selection import Policy, load_facts, select

    routing, policy = ProfileCache.load(1), Policy(switched_on=True, configured=frozenset({"EM"}))

    def select_for(event: int) -> None:
        (facts,) = load_facts([event])
        select(facts, routing, policy)

    events = list(Event.objects.order_by("-pk").values_list("pk", flat=True)[:number_of_events])
    with CaptureQueriesContext(connection) as queries:
        select_for(events[0])
    taken = []
    for event in events:
        started = perf_counter()
        select_for(event)
        taken.append((perf_counter() - started) * 1000)
    json.dump({"milliseconds": taken, "queries": len(queries)}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
