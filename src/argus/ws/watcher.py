"""Changes that other processes made on the same database, where no Redis tells of them: commands, the worker.

They are found by their events. For installations with one web process; several need Redis.
"""

from collections import deque
from time import monotonic

from argus.incident.lifecycle import EventType
from argus.incident.models import Event

from .publisher import publisher

# Numbers are given out before the commit, so a lower one may appear later: so long (seconds) is waited for it.
PATIENCE = 20.0
LOOK_BACK = 1_000
AT_ONCE = 5_000


class Watcher:
    """Finds the events of others. ``note`` comes from any thread; ``look`` from one at a time."""

    def __init__(self):
        self.known: set[int] = set()
        self.own: deque[int] = deque(maxlen=AT_ONCE)
        self.marks: deque[tuple[float, int]] = deque()
        self.horizon = 0
        self.has_begun = False

    def note(self, event: int) -> None:
        """This process tells of the event itself. It is called before the commit, so before anybody can see it."""
        self.own.append(event)

    def look(self) -> None:
        """Have clients told of what others have done since the last time. One query."""
        if not self.has_begun:
            self.begin()
        rows = Event.objects.filter(pk__gt=self.horizon).order_by("pk")
        found = [row for row in rows.values_list("pk", "incident_id", "type")[:AT_ONCE] if row[0] not in self.known]
        own = set(self.own)
        for pk, incident, type in found:
            if pk not in own and type != EventType.OTHER:
                publisher.announce(incident, created=type == EventType.START)
        self.known.update(pk for pk, *_ in found)
        self.move_horizon()

    def begin(self) -> None:
        """Take what is there for known."""
        newest = list(Event.objects.order_by("-pk").values_list("pk", flat=True)[:LOOK_BACK])
        self.horizon = newest[-1] - 1 if len(newest) == LOOK_BACK else 0
        self.known = set(newest)
        self.has_begun = True

    def move_horizon(self) -> None:
        """Forget what was known a while ago: no lower number will appear any more."""
        now = monotonic()
        self.marks.append((now, max(self.known, default=0)))
        while self.marks[0][0] < now - PATIENCE:
            self.horizon = max(self.horizon, self.marks.popleft()[1])
        self.known = {pk for pk in self.known if pk > self.horizon}
