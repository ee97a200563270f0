"""Times in requests and responses. The server's time zone is Europe/Oslo."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus.api.fields import TimeFormatter, format_time, parse_time, parse_time_or_infinity
from argus.util.infinity import INFINITY

OSLO = ZoneInfo("Europe/Oslo")
LAST = "9999-12-31T23:59:59.999999"


def utc(*parts) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-02-20T20:02:20Z", utc(2020, 2, 20, 20, 2, 20)),
        ("2020-02-20T20:02:20z", utc(2020, 2, 20, 20, 2, 20)),
        ("2020-02-20 20:02:20Z", utc(2020, 2, 20, 20, 2, 20)),
        ("2020-02-20t20:02:20Z", utc(2020, 2, 20, 20, 2, 20)),
        ("  2020-02-20T20:02Z\n", utc(2020, 2, 20, 20, 2)),
        ("2020-02-20T20:02:20+00:00", utc(2020, 2, 20, 20, 2, 20)),
        ("2020-02-20T20:02:20-01:30", utc(2020, 2, 20, 21, 32, 20)),
        ("2020-02-20T20:02:20+0130", utc(2020, 2, 20, 18, 32, 20)),
        ("2020-02-20T20:02:20.5Z", utc(2020, 2, 20, 20, 2, 20, 500_000)),
        ("2020-02-20 20:02:20.202021", utc(2020, 2, 20, 19, 2, 20, 202_021)),
        ("2011-11-11 11:11:11.11111", utc(2011, 11, 11, 10, 11, 11, 111_110)),
        ("2020-02-20T20:02:20.1234567Z", utc(2020, 2, 20, 20, 2, 20, 123_456)),
        ("2020-02-20 20:02", utc(2020, 2, 20, 19, 2)),
        ("2020-07-20 20:02", utc(2020, 7, 20, 18, 2)),
        ("2020-02-29 00:00", utc(2020, 2, 28, 23)),
        # 02:30 does not exist on the last Sunday of March and is there twice on the last Sunday of October.
        ("2024-03-31 02:30", utc(2024, 3, 31, 1, 30)),
        ("2024-10-27 02:30", utc(2024, 10, 27, 0, 30)),
        ("2024-10-27 02:30+01:00", utc(2024, 10, 27, 1, 30)),
        # The offset reaches almost a day.
        ("2020-02-20T00:00:00+23:59", utc(2020, 2, 19, 0, 1)),
        ("2020-02-20T00:00:00-23:59", utc(2020, 2, 20, 23, 59)),
        # The edges of the calendar.
        ("0001-01-01T00:00:00Z", utc(1, 1, 1)),
        ("0001-01-02T00:00:00+23:59", utc(1, 1, 1, 0, 1)),
        ("9999-12-31T22:59:59.999999Z", utc(9999, 12, 31, 22, 59, 59, 999_999)),
        ("9999-12-31 23:59:59", utc(9999, 12, 31, 22, 59, 59)),
    ],
)
def test_a_timestamp_is_read_in_its_own_or_the_servers_zone(text, moment):
    assert parse_time(text) == moment
    assert parse_time_or_infinity(text) == moment
    assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "now",
        "2020-02-20",
        "20:02:20",
        "20200220T200220Z",
        "2020-W08-4T20:02",
        "2020-02-30T00:00",
        "2021-02-29T00:00",
        "2020-13-01T00:00",
        "2020-00-01T00:00",
        "0000-01-01T00:00",
        "10000-01-01T00:00",
        "+2020-02-20T20:02",
        "-2020-02-20T20:02",
        "2020-02-20T25:00",
        "2020-02-20T20:60",
        "2020-02-20T20:02:61",
        "2020-02-20T20",
        "2020-2-20T20:02",
        "2020-02-20T20:02.5",
        "2020-02-20T20:02:20.",
        "2020-02-20T20:02:20+24:00",
        "2020-02-20T20:02:20+99:99",
        "2020-02-20T20:02:20+01",
        "2020-02-20T20:02:20 Europe/Oslo",
        "2020-02-20T20:02:20ZZ",
        "2020-02-20X20:02:20",
        "\uff12020-02-20T20:02:20",
        "1582209740",
        "-infinity",
        # Outside the years 1 to 9999 in UTC, or in the server's zone.
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:30:00Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_anything_else_is_refused(text):
    for parse in (parse_time, parse_time_or_infinity):
        with pytest.raises(ValueError):
            parse(text)


@pytest.mark.parametrize("text", ["infinity", LAST, f"{LAST}Z", f"{LAST}+00:00", f"{LAST}+01:00", f"{LAST}-11:30"])
def test_infinity_is_read_from_word_and_largest_datetime(text):
    assert parse_time_or_infinity(text) == INFINITY
    assert parse_time_or_infinity(text.replace("T", " ")) == INFINITY


@pytest.mark.parametrize("text", ["Infinity", "INFINITY", " infinity", "infinity ", "inf", "+infinity"])
def test_infinity_is_spelled_exactly_so(text):
    with pytest.raises(ValueError):
        parse_time_or_infinity(text)


def test_infinity_is_refused_for_ordinary_times():
    with pytest.raises(ValueError):
        parse_time("infinity")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (None, None),
        (INFINITY, "infinity"),
        (utc(2024, 5, 15, 12), "2024-05-15T14:00:00+02:00"),
        (utc(2024, 1, 15, 12), "2024-01-15T13:00:00+01:00"),
        (utc(2024, 1, 15, 12, 0, 0, 1), "2024-01-15T13:00:00.000001+01:00"),
        (utc(2024, 1, 15, 12, 0, 0, 500_000), "2024-01-15T13:00:00.500000+01:00"),
        (datetime(2024, 1, 15, 12, tzinfo=timezone(timedelta(hours=-5))), "2024-01-15T18:00:00+01:00"),
        (utc(2024, 10, 27, 0, 30), "2024-10-27T02:30:00+02:00"),
        (utc(2024, 10, 27, 1, 30), "2024-10-27T02:30:00+01:00"),
        (utc(9999, 12, 31, 23, 30), "9999-12-31T23:30:00+00:00"),
    ],
)
def test_a_moment_is_written_in_the_servers_zone_with_six_digits_or_none(moment, text):
    assert format_time(moment) == text


def test_offsets_before_standard_time_are_whole_minutes():
    for year in (1, 1800, 1894):
        text = format_time(utc(year, 6, 1))
        assert len(text) == len("2024-05-15T14:00:00+02:00")
        assert datetime.fromisoformat(text) == utc(year, 6, 1)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 22), timezones=st.just(UTC)))
def test_what_is_written_is_read_as_the_same_moment(moment):
    assert parse_time(format_time(moment)) == moment


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9999, 12, 31, 22)))
def test_without_an_offset_a_time_is_in_the_servers_zone(moment):
    assert parse_time(moment.isoformat(" ")) == moment.replace(tzinfo=OSLO)


@given(st.text())
def test_any_text_is_accepted_or_refused(text):
    with suppress(ValueError):
        assert parse_time_or_infinity(text).tzinfo is UTC


@given(st.lists(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.sampled_from([UTC, OSLO]))))
def test_times_of_one_answer_are_spelled_as_each_alone(moments):
    times = TimeFormatter()
    assert [times[moment] for moment in [*moments, *moments, None]] == [
        format_time(m) for m in [*moments, *moments, None]
    ]
