"""Which journal this installation has: in Redis if there is one, else in memory."""

from functools import cache

from django.conf import settings

from .journal import MemoryJournal
from .redis_journal import RedisJournal

# The group of the channel layer in which each web process is once, and what it is called with: read the journal.
GROUP = "argus.live"
CALL = {"type": "live.news"}


def current_journal() -> MemoryJournal | RedisJournal:
    """Return the one journal of this process."""
    return journal_at(settings.ARGUS_REDIS_URL)


@cache
def journal_at(url: str) -> MemoryJournal | RedisJournal:
    return RedisJournal(url, group=GROUP, call=CALL) if url else MemoryJournal()
