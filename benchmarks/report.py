"""Tables, on the terminal and in the documentation."""

import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from .servers import ROOT

PAGE = ROOT / "docs" / "reference" / "performance.md"
PAGES = [PAGE]
# The table that describes the machine of the run.
MACHINE = "machine"
STARTED = perf_counter()


@dataclass
class Table:
    """Rows of cells below a row of titles. The first column holds text, the others figures."""

    titles: list[str]
    rows: list[list]
    note: str = ""

    def as_text(self) -> str:
        """Align the columns for a terminal."""
        rows = [self.titles, *([str(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(self.align(row, widths)).rstrip() for row in rows]
        return "\n".join([*lines, *([self.note] if self.note else [])])

    def as_markdown(self) -> str:
        """Return the table in Markdown."""
        rule = ["---", *["--:"] * (len(self.titles) - 1)]
        lines = [f"| {' | '.join(map(str, row))} |" for row in [self.titles, rule, *self.rows]]
        return "\n".join([*lines, *(["", self.note] if self.note else [])])

    @staticmethod
    def align(row: list[str], widths: list[int]) -> list[str]:
        first, *others = zip(row, widths, strict=True)
        return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def progress(message: str) -> None:
    """Print a message with the elapsed time to standard error."""
    print(f"{perf_counter() - STARTED:6.1f} s  {message}", file=sys.stderr, flush=True)


def markers(name: str) -> tuple[str, str]:
    """Return the comments before and after the table of this name."""
    return f"<!-- {name}: begin -->\n", f"\n<!-- {name}: end -->"


def rewritten(page: str, name: str, text: str) -> str:
    """Return the page with the text between the markers of this name. Raises ``ValueError`` without markers."""
    begin, end = markers(name)
    before, has_begin, rest = page.partition(begin)
    _, has_end, after = rest.partition(end)
    if not (has_begin and has_end):
        raise ValueError(f"There are no markers for {name}.")
    return f"{before}{begin}{text}{end}{after}"


def write(tables: dict[str, Table], pages: list[Path] = PAGES) -> list[Path]:
    """Replace the tables in the documentation, each between its markers, and return the changed pages.

    A page with no other table than that of the machine is not changed: its figures are from another run. Raises
    ``ValueError`` if a table has no markers on any page.
    """
    texts = {page: page.read_text() for page in pages}
    places = {page: [name for name in tables if markers(name)[0] in text] for page, text in texts.items()}
    if missing := set(tables).difference(*places.values()):
        raise ValueError(f"There are no markers for {', '.join(sorted(missing))}.")
    changed = [page for page, names in places.items() if set(names) - {MACHINE}]
    for page in changed:
        for name in places[page]:
            texts[page] = rewritten(texts[page], name, tables[name].as_markdown())
        page.write_text(texts[page])
    return changed
