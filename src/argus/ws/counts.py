"""What happened since the process started, in numbers; for those who watch over it."""

import threading
from collections import Counter

_numbers: Counter[str] = Counter()
_lock = threading.Lock()

PUSHED = "pushed"  # messages written into the journal
DELAYED = "delayed"  # changes that could not be written at once
LOST = "lost"  # changes that nobody will be told of one by one: who follows has to reload
REFUSED = "refused"  # sockets of strangers and foreign pages
ENDED = "ended"  # sockets whose token, session or account has gone
CUT_OFF = "cut_off"  # sockets that did not read


def count(name: str, number: int = 1) -> None:
    """Add to a number. From any thread."""
    with _lock:
        _numbers[name] += number


def counts() -> dict[str, int]:
    """Return all numbers so far."""
    with _lock:
        return {name: _numbers[name] for name in (PUSHED, DELAYED, LOST, REFUSED, ENDED, CUT_OFF)}
