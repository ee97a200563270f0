"""Comparison with the stored run: the tables of the documentation, which ``--write`` replaces."""

from collections.abc import Iterator

from .bars import number_in
from .figures import times
from .report import PAGES, Table, markers

# The column of a table that compares with the bare view, and whether a higher figure is better.
RATIOS = {"cpu": ("ratio to plain view", False), "ingest": ("ratio", True), "lists": ("ratio to it", False)}
MAX_CHANGE = 1.1


def compare_with_stored(tables: dict[str, Table], page: str | None = None) -> Table:
    """Return a row for each ratio that is more than 10 % worse than in the stored run."""
    page = page if page is not None else "".join(path.read_text() for path in PAGES)
    rows = [row for name, table in tables.items() if name in RATIOS for row in find_slower(name, table, page)]
    return Table(["Slower than the stored run", "stored", "now", "change"], rows)


def find_slower(name: str, table: Table, page: str) -> Iterator[list]:
    """Yield the rows of one table that got worse."""
    column, higher_is_better = RATIOS[name]
    stored = ratios_of(stored_rows(name, page), column)
    for what, now in ratios_of([table.titles, *table.rows], column).items():
        if what not in stored:
            continue
        change = stored[what] / now if higher_is_better else now / stored[what]
        if change > MAX_CHANGE:
            yield [f"{name}: {what}", times(stored[what]), times(now), f"{change:.2f} times"]


def stored_rows(name: str, page: str) -> list[list[str]]:
    """Return the titles and rows of a table in the documentation; nothing if it has no table of this name."""
    begin, end = markers(name)
    text = page.partition(begin)[2].partition(end)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if not row[0].startswith("---")]


def ratios_of(rows: list[list], column: str) -> dict[str, float]:
    """Return the figures of the column by the first cell of their row. Empty and zero figures are left out."""
    titles, *others = rows or [[]]
    if column not in titles:
        return {}
    position = titles.index(column)
    found = {str(row[0]): number_in(str(row[position])) for row in others if row[position] not in ("", None)}
    return {what: figure for what, figure in found.items() if figure}
