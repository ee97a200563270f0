"""Each benchmark still runs, with sizes at which its figures mean nothing. No time is ever asserted."""

import pytest

from benchmarks import (
    alerts,
    bulk,
    cost,
    cpu,
    fairness,
    ingest,
    lists,
    live,
    notifications,
    prune,
    sqlite,
)
from benchmarks.__main__ import parse
from benchmarks.bars import bars_table, is_met
from benchmarks.compare import compare_with_stored
from benchmarks.figures import AtSize, growth_of, percentile
from benchmarks.machine import describe_machine
from benchmarks.report import PAGES, Table, markers, rewritten, write
from benchmarks.scale import TINY


@pytest.mark.slow
def test_ingest_is_measured_beside_its_baseline():
    tables = ingest.measure(TINY, kinds=["serve"])

    assert [row[0] for row in tables["ingest"].rows] == ["serve, 2"]
    assert [row[0] for row in tables["events"].rows] == ["ack", "close"]
    assert_page_takes(tables)


@pytest.mark.slow
def test_lists_of_incidents_are_measured_beside_single_ones():
    tables = bulk.measure(TINY)

    assert len(tables["bulk"].rows) == 8
    assert_page_takes(tables)


@pytest.mark.slow
def test_dearest_requests_are_measured_for_every_address():
    tables = cost.measure(TINY)

    rows = {row[0]: row for row in tables["cost"].rows}
    assert rows["POST /api/v1/incidents/"][3] == "1 000 tags"
    assert rows["PUT /api/v1/incidents/mine/open-set/"][6]
    assert_page_takes(tables)


@pytest.mark.slow
def test_lists_are_measured_at_each_size():
    tables = lists.measure(TINY)

    assert "p50 600" in tables["lists"].titles
    assert [row[-1] for row in tables["admin"].rows if row[0] in {"incidents", "deliveries"}] == [100, 100]
    assert_page_takes(tables)


@pytest.mark.slow
def test_alerts_are_measured_for_each_role():
    tables = alerts.measure(TINY)

    assert len(tables["alerts"].rows) == 1 + len(alerts.ROLES) * len(alerts.cases(""))
    assert [row[-1] for row in tables["admin-alerts"].rows][::4] == [100, 1]
    assert_page_takes(tables)


@pytest.mark.slow
def test_notifications_are_measured_from_the_event_to_the_mail_server():
    tables = notifications.measure(TINY)

    assert len(tables["notifications"].rows) == 7
    assert_page_takes(tables)


@pytest.mark.slow
def test_polite_source_is_measured_beside_a_flood():
    tables = fairness.measure(TINY)

    assert [row[0] for row in tables["fairness"].rows][5] == "gunicorn: ratio of p95"
    assert_page_takes(tables)


def test_ratios_that_got_worse_than_in_the_stored_run_are_named():
    before, after = markers("cpu")
    stored = Table(["Request", "ratio to plain view"], [["a", "2.00"], ["b", "2.00"], ["c", ""], ["gone", "1.00"]])
    now = Table(["Request", "ratio to plain view"], [["a", "2.19"], ["b", "2.21"], ["c", "3.00"], ["new", "1.00"]])
    page = f"{before}{stored.as_markdown()}{after}"

    assert compare_with_stored({"cpu": now}, page).rows == [["cpu: b", "2.00", "2.21", "1.10 times"]]


def test_lower_rate_of_new_incidents_is_worse():
    before, after = markers("ingest")
    stored = Table(["Server, connections", "ratio"], [["serve, 1", "0.66"], ["serve, 4", "0.60"]])
    now = Table(["Server, connections", "ratio"], [["serve, 1", "0.55"], ["serve, 4", "0.70"]])
    page = f"{before}{stored.as_markdown()}{after}"

    assert compare_with_stored({"ingest": now}, page).rows == [["ingest: serve, 1", "0.66", "0.55", "1.20 times"]]


@pytest.mark.slow
def test_processor_time_of_requests_is_compared_with_a_plain_view():
    tables = cpu.measure(TINY)

    assert [row[1] for row in tables["cpu"].rows[:2]] == [0, 1]
    assert_page_takes(tables)


@pytest.mark.slow
def test_pruning_is_measured_beside_posts():
    tables = prune.measure(TINY)

    assert tables["prune"].rows[-1][0] == "incidents pruned /s"
    assert_page_takes(tables)


@pytest.mark.slow
def test_changes_are_measured_from_the_post_to_the_clients():
    tables = live.measure(TINY)

    measured = {row[0]: row[1] for row in tables["live"].rows}
    assert measured["the same: numbers missing, messages missing"] == "0, 0"
    assert_page_takes(tables)


@pytest.mark.slow
def test_writers_on_sqlite_are_counted_and_none_is_turned_away():
    tables = sqlite.measure(TINY)

    assert dict(zip(tables["sqlite"].titles, tables["sqlite"].rows[0], strict=True))["not 2xx"] == 0
    assert_page_takes(tables)


def test_page_names_the_machine():
    assert_page_takes({"machine": describe_machine()})


def test_only_what_is_between_the_markers_is_rewritten():
    page = "before\n<!-- one: begin -->\nold\n<!-- one: end -->\nafter"

    assert rewritten(page, "one", "new") == "before\n<!-- one: begin -->\nnew\n<!-- one: end -->\nafter"
    with pytest.raises(ValueError):
        rewritten(page, "two", "new")


def test_tables_go_to_the_pages_that_have_a_place_for_them(tmp_path):
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    for page, names in ((one, ["machine", "rates"]), (two, ["machine", "sizes"])):
        page.write_text("".join(f"<!-- {name}: begin -->\nold\n<!-- {name}: end -->\n" for name in names))
    untouched = two.read_text()
    tables = {name: Table([name, "x"], [["new", 1]]) for name in ("machine", "rates")}

    assert write(tables, [one, two]) == [one]

    assert one.read_text().count("| new | 1 |") == 2
    assert "old" not in one.read_text()
    # What is measured elsewhere was measured on the machine as it was then.
    assert two.read_text() == untouched
    with pytest.raises(ValueError, match="nowhere"):
        write({"nowhere": tables["rates"]}, [one, two])


def test_percentile_is_a_value_that_was_measured():
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([3, 1, 2], 100) == 3
    assert percentile([3], 1) == 3


def test_growth_is_that_since_the_smallest_size_at_which_the_answer_is_as_long():
    assert growth_of([AtSize(10_000, 0.1, 95), AtSize(100_000, 0.1, 100), AtSize(1_000_000, 0.3, 100)]) == "3.00 !"
    few = [AtSize(10_000, 0.1, 13), AtSize(100_000, 0.2, 100), AtSize(1_000_000, 0.3, 100)]
    assert growth_of(few) == "1.50 since 100,000"
    assert growth_of([few[0], few[2]]) == ""


@pytest.mark.parametrize("arguments", [["everything"], ["lists", "--sizes", "599", "10000"]])
def test_what_cannot_be_measured_is_refused(arguments):
    with pytest.raises(SystemExit):
        parse(arguments)


def test_bars_are_gathered_from_rows_columns_and_marks():
    tables = {
        "notifications": Table(["What", "measured", "bar"], [["mail", "1017", "at most 1000"], ["speed", "3", ""]]),
        "ingest": Table(["Server", "ratio", "queries"], [["one", "0.70", 5], ["two", "0.46", 9]]),
        "lists": Table(["ms", "rows", "ratio"], [["page", 100, "2.90"], ["one", 1, "33.29"]]),
        "alerts": Table(["ms", "p95"], [["one", "71.15 !"], ["two", "3"]]),
        "prune": Table(["What", "measured"], [["rate", "97"]]),
    }

    assert bars_table(tables).rows == [
        ["notifications: mail", "1017", "at most 1000", "NO"],
        ["ingest: ratio, the worst of 2", "0.46", "at least 0.60", "NO"],
        ["ingest: queries, the worst of 2", "9", "at most 8", "NO"],
        ["lists: ratio, the worst of 1", "2.90", "at most 3", "yes"],
        ["lists: figures beyond their bar", "0", "0", "yes"],
        ["alerts: figures beyond their bar", "1", "0", "NO"],
    ]


def test_bar_is_met_by_its_own_value():
    assert is_met("1,500", "at least 1500")
    assert is_met("10", "at most 10")
    assert is_met("0, 0", "0, 0")
    assert not is_met("0, 3", "0, 0")


def assert_page_takes(tables: dict[str, Table]) -> None:
    """Some page has a place for each table, and each table has a cell below each of its titles."""
    pages = [page.read_text() for page in PAGES]
    for name, table in tables.items():
        assert table.titles[0] in table.as_text()
        assert [page for page in pages if markers(name)[0] in page and rewritten(page, name, table.as_markdown())]
        assert {len(row) for row in table.rows} == {len(table.titles)}
