"""What is made of measured times: percentiles, and words for them."""

from math import ceil

# The bar of what takes longer where there is more: p50 at the largest size in terms of that at a smaller one.
MOST_GROWTH = 2.0


def percentile(values: list[float], rank: float) -> float:
    """Return the smallest value that ``rank`` per cent of the values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * rank / 100) - 1)]


def milliseconds(seconds: float) -> str:
    """Three digits at least, no more than a microsecond."""
    return f"{seconds * 1000:.2f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"


def times(ratio: float) -> str:
    """Spell a ratio."""
    return f"{ratio:.2f}"


def spell_growth(growth: float, since: str = "") -> str:
    """Spell it, with what it is compared with unless that is the smallest size; beyond the bar it is marked."""
    return times(growth) + since + " !" * (growth > MOST_GROWTH)
