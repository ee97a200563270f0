"""Bare arrays: all rows, streamed, up to a limit; pages on request."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from argus.api import arrays
from tests.factories import INCIDENTS, NOON, make_ack, make_event, make_incident, make_incidents, make_source, make_user

pytestmark = pytest.mark.django_db

OPEN, UNACKED = f"{INCIDENTS}open/", f"{INCIDENTS}open+unacked/"
MOST = 12


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(arrays, "MAX_ROWS", MOST)
    monkeypatch.setattr(arrays, "ROWS_PER_CHUNK", 4)


def rows_of(answer) -> list[int]:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [row["pk"] for row in parsed(content)]


def parsed(content: bytes) -> list[dict]:
    return json.loads(content)


def make_rows(path: str, number: int) -> tuple[str, list[int]]:
    """Put rows behind a path with a placeholder; return the path and the rows' numbers, newest first."""
    if "%d" not in path:
        return path, [incident.pk for incident in make_incidents(number)][::-1]
    incident, user = make_incident(), make_user()
    times = [NOON + timedelta(days=1, seconds=n) for n in range(number)]
    if "acks" in path:
        return path % incident.pk, [make_ack(incident, actor=user, timestamp=time).pk for time in times][::-1]
    events = [make_event(incident, "OTH", actor=user, timestamp=time) for time in times[1:]]
    rows = [event.pk for event in events][::-1] + [incident.events.get(type="STA").pk] * (number > 0)
    return path % incident.pk, rows


PATHS = [OPEN, UNACKED, f"{INCIDENTS}%d/events/", f"{INCIDENTS}%d/acks/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("number", [1, 3, 4, 5, 8, 9, MOST])
def test_all_rows_are_answered_newest_first(as_user, path, number):
    path, rows = make_rows(path, number)
    answer = as_user.get(path)
    assert rows_of(answer) == rows
    assert answer.streaming is (number > 4)
    assert not answer.has_header("Link")


@pytest.mark.parametrize("path", [OPEN, UNACKED])
def test_nothing_is_an_empty_array(as_user, path):
    assert as_user.get(path).content == b"[]"


@pytest.mark.parametrize("path", PATHS)
def test_longer_lists_have_a_link_header(as_user, path):
    path, rows = make_rows(path, MOST + 5)
    answer = as_user.get(path, HTTP_HOST="localhost:8123")
    assert rows_of(answer) == rows[:MOST]
    link = answer["Link"]
    assert link.startswith("<http://localhost:8123/")
    assert link.endswith('>; rel="next"')
    assert urlsplit(link[1:].split(">")[0]).path == path
    rest = as_user.get(link[1:].split(">")[0], HTTP_HOST="localhost:8123").json()
    assert [row["pk"] for row in rest["results"]] == rows[MOST:]
    assert rest["next"] is None


@pytest.mark.parametrize("path", PATHS)
def test_page_size_and_cursor_turn_it_into_pages(as_user, path):
    path, rows = make_rows(path, 7)
    first = as_user.get(path, {"page_size": 3}).json()
    assert set(first) == {"next", "previous", "results"}
    second = as_user.get(first["next"]).json()
    third = as_user.get(second["next"]).json()
    assert [row["pk"] for page in (first, second, third) for row in page["results"]] == rows
    assert as_user.get(second["previous"]).json() == first | {"previous": None}
    assert [row["pk"] for row in as_user.get(path, {"cursor": ""}).json()["results"]] == rows


@pytest.mark.parametrize("path", PATHS)
def test_each_row_looks_the_same_in_an_array_and_in_a_page(as_user, path):
    path, _ = make_rows(path, 6)
    streamed = parsed(b"".join(as_user.get(path).streaming_content))
    assert streamed == as_user.get(path, {"page_size": 10}).json()["results"]


def test_rows_of_one_moment_are_streamed_once_each(as_user):
    source = make_source()
    made = [make_incident(source).pk for _ in range(MOST)]
    assert rows_of(as_user.get(OPEN)) == made[::-1]


def test_rows_inserted_during_streaming_repeat_nothing(as_user):
    source = make_source()
    made = [incident.pk for incident in make_incidents(9, source)]
    chunks = iter(as_user.get(OPEN).streaming_content)
    content = next(chunks)
    make_incident(source, start_time=NOON + timedelta(days=1))
    content += b"".join(chunks)
    assert [row["pk"] for row in parsed(content)] == made[::-1]


def test_rows_deleted_during_streaming_keep_the_array_valid(as_user):
    made = make_incidents(8)
    chunks = iter(as_user.get(OPEN).streaming_content)
    content = next(chunks)
    for incident in made[:4]:
        incident.delete()
    content += b"".join(chunks)
    assert [row["pk"] for row in parsed(content)] == [incident.pk for incident in made[:3:-1]]


def test_browsers_see_the_first_rows(as_browser):
    make_incidents(6)
    answer = as_browser.get(OPEN)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")


def test_the_bounds_of_the_contract(monkeypatch):
    monkeypatch.undo()
    assert arrays.MAX_ROWS == 10_000
    assert arrays.MAX_ROWS % arrays.ROWS_PER_CHUNK == 0
