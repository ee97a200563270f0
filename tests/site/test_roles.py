"""docs/reference/roles.md lists which role gets which response from which URL.

    ARGUS_WRITE_ROLES=1 .venv/bin/python -m pytest tests/site/test_roles.py

writes its tables again, from the responses of the server. Then review the difference.
"""

import os
import re
from pathlib import Path

import pytest

from tests.site.roles import ADMIN_ROLES, ROLES, ROUTES, World, spelled, table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "roles.md"
# Divided so that they can be asked side by side.
PARTS = {
    "alerts and inventory": [route for route in ROUTES if re.match(r"\^?api/(?!v1/)", route)],
    "first API": [route for route in ROUTES if route.startswith("api/v1/")],
    "others": [route for route in ROUTES if not re.match(r"\^?(?:api|admin)/", route)],
    "admin": [route for route in ROUTES if route.startswith("admin/")],
}


def lines_of(routes: list[str], page: str) -> list[str]:
    """What the page says of these addresses."""
    wanted = {spelled(route) for route in routes}
    lines = [line for line in page.splitlines() if line.startswith("| `/")]
    return [line for line in lines if line.split("`")[1] in wanted]


def test_page_lists_every_url_and_no_other():
    described = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `/")}

    assert described == {spelled(route) for route in ROUTES}
    assert sorted(route for part in PARTS.values() for route in part) == ROUTES


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_responses_are_as_documented(db, part):
    found = table(World(), PARTS[part])
    if os.environ.get("ARGUS_WRITE_ROLES"):
        write(part, found)

    assert lines_of(PARTS[part], PAGE.read_text()) == found


def write(part: str, lines: list[str]) -> None:
    """Put a table between its marks."""
    roles = ADMIN_ROLES if part == "admin" else ROLES
    head = [f"| address | method | {' | '.join(roles)} |", "|---" * (len(roles) + 2) + "|"]
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(before + "\n".join([begin, *head, *lines, end]) + after)
