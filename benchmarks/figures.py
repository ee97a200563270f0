"""Percentiles, ratios and their formats."""

from dataclasses import dataclass
from math import ceil

# Limit of growth: p50 at the largest size divided by p50 at a smaller one.
MAX_GROWTH = 2.0
SAME_LENGTH = 0.9


def percentile(values: list[float], rank: float) -> float:
    """Return the smallest value that is not exceeded by ``rank`` per cent of the values."""
    return sorted(values)[max(0, ceil(len(values) * rank / 100) - 1)]


def milliseconds(seconds: float) -> str:
    """Format seconds as milliseconds."""
    return f"{seconds * 1000:.2f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"


def times(ratio: float) -> str:
    """Format a ratio."""
    return f"{ratio:.2f}"


@dataclass(frozen=True)
class AtSize:
    """p50 in seconds at one size, and the number of rows in the response."""

    size: int
    p50: float
    rows: int


def growth_of(measured: list[AtSize]) -> str:
    """Compare the largest size with the smallest size whose response has about as many rows.

    The result names that size unless it is the smallest one, and ends with an exclamation mark if growth exceeds its
    limit. It is empty if the responses at all other sizes are shorter.
    """
    last = measured[-1]
    fair = [one for one in measured[:-1] if one.rows >= SAME_LENGTH * last.rows]
    if not fair:
        return ""
    growth = last.p50 / fair[0].p50
    since = f" since {fair[0].size:,}" if fair[0] is not measured[0] else ""
    return times(growth) + since + " !" * (growth > MAX_GROWTH)
