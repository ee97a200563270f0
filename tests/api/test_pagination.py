"""Pages over (time, pk): no row is skipped or repeated."""

from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import NotFound

from argus.api.pagination import Cursor, KeysetPagination, read_page
from argus.incident.models import Incident
from tests.factories import INCIDENTS, NOON, make_incident, make_incidents, make_source
from tests.tables import for_each

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def page(as_user):
    """Get a page by its address, ``None`` if there is none."""

    def get(address: str | None = INCIDENTS, **query):
        if address is None:
            return None
        answer = as_user.get(address, query or None)
        assert answer.status_code == 200, answer.content
        assert set(answer.json()) == {"next", "previous", "results"}
        return answer.json()

    return get


def pks(page: dict) -> list[int]:
    return [row["pk"] for row in page["results"]]


def test_an_empty_list_is_one_empty_page(page):
    assert page() == {"next": None, "previous": None, "results": []}


def test_the_newest_come_first_and_equal_times_by_number(page):
    source = make_source()
    days = [2, 1, 3, 1, 2]
    made = [make_incident(source, start_time=NOON + day * DAY).pk for day in days]
    assert pks(page()) == [made[2], made[4], made[0], made[3], made[1]]


def test_a_hundred_rows_are_a_page(page):
    made = [incident.pk for incident in reversed(make_incidents(101))]
    first = page()
    assert pks(first) == made[:100]
    second = page(first["next"])
    assert (pks(second), second["next"]) == (made[100:], None)
    assert page(second["previous"])["results"] == first["results"]


def test_rows_of_one_moment_neither_vanish_nor_repeat(page):
    source = make_source()
    made = [make_incident(source).pk for _ in range(7)]
    seen, here = [], page(page_size=2)
    while here is not None:
        seen += pks(here)
        here = page(here["next"])
    assert seen == made[::-1]


def test_previous_leads_back_to_exactly_the_page_before(page):
    make_incidents(7)
    pages = [page(page_size=3)]
    while pages[-1]["next"]:
        pages.append(page(pages[-1]["next"]))
    assert [len(one["results"]) for one in pages] == [3, 3, 1]
    assert pages[0]["previous"] is None
    for before, here in pairwise(pages):
        back = page(here["previous"])
        assert back["results"] == before["results"]
        assert page(back["next"])["results"] == here["results"]
    first_again = page(page(pages[2]["previous"])["previous"])
    assert first_again["results"] == pages[0]["results"]
    assert first_again["previous"] is None


def test_a_full_last_page_has_no_next(page):
    make_incidents(4)
    second = page(page(page_size=2)["next"])
    assert len(second["results"]) == 2
    assert second["next"] is None


def test_inserted_rows_shift_nothing(page):
    source = make_source()
    made = [incident.pk for incident in make_incidents(6, source)]
    first = page(page_size=2)
    make_incident(source, start_time=NOON + DAY)
    second = page(first["next"])
    assert pks(second) == [made[3], made[2]]
    make_incident(source, start_time=NOON + 2 * DAY)
    assert pks(page(second["next"])) == [made[1], made[0]]
    back = page(second["previous"])
    assert pks(back) == pks(first)
    assert len(pks(page(back["previous"]))) == 2


def test_deleted_rows_shift_nothing(page):
    made = make_incidents(6)
    first = page(page_size=2)
    for gone in (made[5], made[4]):
        gone.delete()
    second = page(first["next"])
    assert pks(second) == [made[3].pk, made[2].pk]
    nothing = page(second["previous"])
    assert nothing["results"] == []
    assert pks(page(nothing["next"])) == pks(second)


def test_page_after_the_end_links_back(page):
    made = make_incidents(4)
    first = page(page_size=2)
    for gone in (made[0], made[1]):
        gone.delete()
    nothing = page(first["next"])
    assert (nothing["results"], nothing["next"]) == ([], None)
    assert pks(page(nothing["previous"])) == pks(first)


@pytest.mark.parametrize(("text", "rows"), [("1", 1), ("07", 7), ("12", 12), ("1000", 12), ("9" * 30, 12)])
def test_page_size_is_a_positive_number(page, text, rows):
    make_incidents(12)
    assert len(page(page_size=text)["results"]) == rows


@pytest.mark.parametrize("text", ["0", "000", "-1", "x", "1.5", "1e3", " ", "", "²", "٣", "null", "\0"])
def test_page_size_that_is_invalid_is_the_default(page, monkeypatch, text):
    monkeypatch.setattr("argus.api.pagination.KeysetPagination.page_size", 3)
    make_incidents(5)
    assert len(page(page_size=text)["results"]) == 3


@pytest.mark.parametrize("text", ["5", "99", "1" + "0" * 25])
def test_page_size_is_capped(page, monkeypatch, text):
    monkeypatch.setattr("argus.api.pagination.KeysetPagination.max_page_size", 4)
    make_incidents(5)
    assert len(page(page_size=text)["results"]) == 4


def test_the_cap_is_a_thousand():
    assert (KeysetPagination.page_size, KeysetPagination.max_page_size) == (100, 1000)


def test_an_empty_cursor_is_the_first_page(page):
    make_incidents(3)
    assert page(cursor="", page_size=2)["results"] == page(page_size=2)["results"]


def encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


@for_each(
    "cursor",
    [
        "x",
        "null",
        "%00",
        "æ",
        "💥",
        " ",
        "=",
        "A" * 5_000,
        "cD0yMDIwLTA5LTIzKzEzJTNBMDIlM0ExNi40NTU4MzIlMkIwMCUzQTAw",
        encoded("p=2024-05-15T12:00:00+00:00"),
        encoded("p=2024-05-15T12:00:00+00:00&i=1"),
        encoded("p=2024-05-15T12%3A00%3A00%2B00%3A00&i=x&r=0"),
        encoded("p=2024-05-15T12%3A00%3A00%2B00%3A00&i=-1&r=0"),
        encoded("p=2024-05-15T12%3A00%3A00%2B00%3A00&i=9223372036854775808&r=0"),
        encoded("p=2024-05-15T12%3A00%3A00%2B00%3A00&i=1&r=2"),
        encoded(f"p=2024-05-15T12%3A00%3A00%2B00%3A00&i={'9' * 5000}&r=0"),
        encoded("p=infinity&i=1&r=0"),
        encoded("p=0001-01-01T00%3A00%3A00%2B23%3A59&i=1&r=0"),
        encoded("p=9999-12-31T23%3A59%3A59-23%3A59&i=1&r=0"),
        encoded("p=2024-13-15T12%3A00%3A00%2B00%3A00&i=1&r=0"),
        encoded("p=\0&i=1&r=0"),
    ],
)
@for_each("path", ["", "mine/", "open/", "open+unacked/"])
def test_invalid_cursor_is_404(as_user, path, cursor):
    answer = as_user.get(f"{INCIDENTS}{path}", {"cursor": cursor})
    assert answer.status_code == 404
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"])
@pytest.mark.parametrize("pk", [0, 2**63 - 1])
def test_forged_cursor_is_a_position(page, time, pk, back):
    make_incidents(3)
    cursor = Cursor(datetime.fromisoformat(time), pk, back).encode()
    assert len(page(cursor=cursor)["results"]) in {0, 3}


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_any_cursor_is_accepted_or_404(text):
    with suppress(NotFound):
        assert isinstance(Cursor.decode(text), Cursor)


@given(st.datetimes(timezones=st.sampled_from([NOON.tzinfo])), st.integers(0, 2**63 - 1), st.booleans())
def test_a_cursor_reads_what_it_wrote(time, pk, back):
    cursor = Cursor(time, pk, back)
    assert Cursor.decode(cursor.encode()) == cursor


def test_a_cursor_that_was_cut_short_is_never_an_error(as_user, page):
    make_incidents(3)
    cursor = parse_qs(urlsplit(page(page_size=1)["next"]).query)["cursor"][0]
    for length in range(1, len(cursor)):
        assert as_user.get(INCIDENTS, {"cursor": cursor[:length]}).status_code in {200, 404}


def test_links_are_absolute_by_the_requests_host_and_keep_the_parameters(as_user):
    make_incidents(3, tags=["a=b c"])
    query = {"page_size": 1, "open": "true", "acked": "", "tags": "a=b c,a=ø&", "source__name__in": "", "level": "3"}
    first = as_user.get(INCIDENTS, query, HTTP_HOST="localhost:8123").json()
    second = as_user.get(first["next"], HTTP_HOST="localhost:8123").json()
    for link in (first["next"], second["next"], second["previous"]):
        parts = urlsplit(link)
        kept = parse_qs(parts.query, keep_blank_values=True)
        assert (parts.scheme, parts.netloc, parts.path) == ("http", "localhost:8123", INCIDENTS)
        assert kept.pop("cursor")
        assert kept == {name: [str(value)] for name, value in query.items()}
    assert len({row["pk"] for row in first["results"] + second["results"]}) == 2


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(0, 3), max_size=12), size=st.integers(1, 5))
def test_paging_forward_and_back_returns_each_row_once(db, times, size):
    Incident.objects.all().delete()
    source = make_source()
    for time in times:
        make_incident(source, start_time=NOON + time * DAY)
    rows = Incident.objects.all()
    expected = list(rows.order_by("-start_time", "-pk"))
    there, last = walk(rows, size, "older")
    back, _ = walk(rows, size, "newer", start=last)
    assert [row for page in there for row in page.rows] == expected
    assert [page.rows for page in reversed(back)] == [page.rows for page in there]
    assert all(len(page.rows) == size for page in there[:-1])


def walk(rows, size: int, way: str, start=None) -> tuple[list, object]:
    """Follow the cursors of one side to the end; return all pages and the last one."""
    pages = [start or read_page(rows, time_field="start_time", size=size)]
    while cursor := getattr(pages[-1], way):
        pages.append(read_page(rows, time_field="start_time", size=size, cursor=cursor))
    return pages, pages[-1]
