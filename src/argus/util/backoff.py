"""How a background thread takes its turns, so that under load most of the processor is left to requests."""

from time import monotonic

# Seconds. What comes gathers for so long at least, and at most: all of it then costs hardly more than one. In between
# it is so many times as long as the last turn took.
GATHER, LONGEST_GATHER, SHARE = 0.05, 0.25, 3


def rest_after(began: float, *, gather: float = GATHER) -> float:
    """Return for how many seconds to rest after a turn that began at this moment of ``monotonic`` and ends now."""
    took = monotonic() - began
    return min(LONGEST_GATHER, max(gather - took, SHARE * took))
