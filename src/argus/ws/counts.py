"""What happened since the process started, in numbers; for those who watch over it."""

import threading
from collections import Counter

from prometheus_client import Counter as Figure
from prometheus_client import Gauge

_numbers: Counter[str] = Counter()
_lock = threading.Lock()

PUSHED = "pushed"  # messages written into the journal
DELAYED = "delayed"  # changes that could not be written at once
LOST = "lost"  # changes that nobody will be told of one by one: who follows has to reload
REFUSED = "refused"  # sockets of strangers and foreign pages
ENDED = "ended"  # sockets whose token, session or account has gone
CUT_OFF = "cut_off"  # sockets that did not read


PUSHES = Figure("argus_pushes", "Changes on their way to websockets.", ["outcome"])
CLOSED = Figure("argus_websockets_closed", "Sockets that Argus has closed.", ["reason"])
CLIENTS = Gauge("argus_websocket_clients", "Sockets that are connected.", multiprocess_mode="livesum")
FIGURES = {name: PUSHES.labels(name) for name in (PUSHED, DELAYED, LOST)} | {
    name: CLOSED.labels(name) for name in (REFUSED, ENDED, CUT_OFF)
}


def count(name: str, number: int = 1) -> None:
    """Add to a number. From any thread."""
    with _lock:
        _numbers[name] += number
    FIGURES[name].inc(number)


def counts() -> dict[str, int]:
    """Return all numbers so far."""
    with _lock:
        return {name: _numbers[name] for name in (PUSHED, DELAYED, LOST, REFUSED, ENDED, CUT_OFF)}
