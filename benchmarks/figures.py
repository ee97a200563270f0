"""What is made of measured times: percentiles, and words for them."""

from dataclasses import dataclass
from math import ceil

# The bar of what takes longer where there is more: p50 at the largest size in terms of that at a smaller one.
MOST_GROWTH = 2.0
SAME_LENGTH = 0.9


def percentile(values: list[float], rank: float) -> float:
    """Return the smallest value that ``rank`` per cent of the values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * rank / 100) - 1)]


def milliseconds(seconds: float) -> str:
    """Three digits at least, no more than a microsecond."""
    return f"{seconds * 1000:.2f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"


def times(ratio: float) -> str:
    """Spell a ratio."""
    return f"{ratio:.2f}"


@dataclass(frozen=True)
class AtSize:
    """What an answer took at one size (p50, seconds), and how many rows it had."""

    size: int
    p50: float
    rows: int


def growth_of(measured: list[AtSize]) -> str:
    """Compare the largest size with the smallest at which the answer is about as long: rows cost time at any size.

    Spelt with the size that it is compared with unless that is the smallest one, and marked if it is beyond the bar;
    nothing if the answer is shorter at all others.
    """
    last = measured[-1]
    fair = [one for one in measured[:-1] if one.rows >= SAME_LENGTH * last.rows]
    if not fair:
        return ""
    growth = last.p50 / fair[0].p50
    since = f" since {fair[0].size:,}" if fair[0] is not measured[0] else ""
    return times(growth) + since + " !" * (growth > MOST_GROWTH)
