"""Pace a background loop so that under load most of the processor is left to requests."""

from time import monotonic

# Seconds from the start of one round to the next, if rounds are short.
MIN_INTERVAL = 0.05
MAX_PAUSE = 0.25
# A pause is this many times as long as the round before it.
PAUSE_FACTOR = 3


def pause_after(began: float, *, interval: float = MIN_INTERVAL) -> float:
    """Return how many seconds to pause after a round that began at this value of ``monotonic`` and ends now."""
    duration = monotonic() - began
    return min(MAX_PAUSE, max(interval - duration, PAUSE_FACTOR * duration))
