"""One table of all targets: the measured value, the target, and whether it is met."""

import re
from collections.abc import Iterator

from .report import Table

# Targets for a column of a table.
COLUMNS = {
    "ingest": {"ratio": "at least 0.60", "queries": "at most 8"},
    "lists": {"ratio": "at most 3", "ratio to it": "at most 3"},
    "sqlite": {"not 2xx": "0", '"database is locked"': "0"},
}
WHOLE_PAGE = "100"
# Tables that mark a missed target with an exclamation mark.
MARKING = {"admin", "alerts", "lists"}


def bars_table(tables: dict[str, Table]) -> Table:
    """Return a row for each target of these tables."""
    found = [bar for name, table in tables.items() for bar in find_bars(name, table)]
    rows = [[what, measured, bar, "yes" if is_met(measured, bar) else "NO"] for what, measured, bar in found]
    return Table(["Target", "measured", "bar", "met"], rows)


def find_bars(name: str, table: Table) -> Iterator[tuple[str, str, str]]:
    """Yield name, measured value and target: of rows with a target of their own, of columns, and of marks."""
    rows = [dict(zip(table.titles, map(str, row), strict=True)) for row in table.rows]
    first = table.titles[0]
    for row in rows:
        if row.get("bar"):
            yield f"{name}: {row[first]}", row["measured"], row["bar"]
    for column, bar in COLUMNS.get(name, {}).items():
        # In lists, only full pages count: the baseline of a nearly empty page takes almost no time.
        figures = [row[column] for row in rows if row.get(column) and row.get("rows", WHOLE_PAGE) == WHOLE_PAGE]
        if figures:
            worst = (min if bar.startswith("at least") else max)(figures, key=number_in)
            yield f"{name}: {column}, the worst of {len(figures)}", worst, bar
    if name in MARKING:
        marked = sum(cell.endswith(" !") for row in table.rows for cell in map(str, row))
        yield f"{name}: figures beyond their bar", str(marked), "0"


def is_met(measured: str, bar: str) -> bool:
    """Return whether a value meets its target: ``at most N``, ``at least N``, or an exact value."""
    kind, _, limit = bar.rpartition(" ")
    if kind == "at most":
        return number_in(measured) <= float(limit)
    if kind == "at least":
        return number_in(measured) >= float(limit)
    return measured == bar


def number_in(text: str) -> float:
    """Return the number at the start of a cell."""
    return float(re.match(r"-?[\d,.]+", text)[0].replace(",", ""))
