"""PostgreSQL and Valkey are away for as long as a restart or an upgrade takes.

In addition to ``test_outages``: every accepted incident is stored and notified of, and the service is back within five
seconds.
"""

import os
import time

import pytest

from tests.flows.test_outages import Load, postgres, ready, server, sink, stopped, valkey, wait_until  # noqa: F401

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="needs a PostgreSQL server to stop"),
]
MAX_RECOVERY = 5  # seconds


def seconds_until(condition) -> float:
    begun = time.monotonic()
    wait_until(condition)
    return time.monotonic() - begun


def notified_incidents(sink) -> set[str]:  # noqa: F811
    return {mail.message["X-Argus-Incident"] for mail in list(sink.messages)}


@pytest.mark.parametrize("seconds", [8, 60])
def test_nothing_is_lost_while_postgresql_is_away(server, postgres, sink, seconds):  # noqa: F811
    with Load(server) as load:
        with stopped(postgres):
            load.wait_for(503)
            time.sleep(seconds)
        taken = len(load.accepted)
        back = seconds_until(lambda: len(load.accepted) > taken and ready(server).status_code == 200)
    print(f"After {seconds} s without PostgreSQL the service was back within {back:.1f} s.")

    assert set(load.statuses) == {201, 503}
    assert back < MAX_RECOVERY
    assert_all_are_stored_and_notified(server, load, sink)


def test_posts_and_notifications_continue_while_valkey_is_away(server, valkey, sink):  # noqa: F811
    with Load(server) as load:
        with stopped(valkey):
            time.sleep(30)
        back = seconds_until(lambda: ready(server).status_code == 200)
    print(f"After 30 s without Valkey the service was complete within {back:.1f} s.")

    assert set(load.statuses) == {201}
    assert back < MAX_RECOVERY
    assert_all_are_stored_and_notified(server, load, sink)


def assert_all_are_stored_and_notified(server, load: Load, sink) -> None:  # noqa: F811
    """Every accepted incident is stored once, and the user with a profile is notified of it."""
    session, stored = server.session(server.source["token"]), {}
    page = f"{server.api}incidents/mine/?page_size=1000"
    while page:
        answer = session.get(page, timeout=60).json()
        for incident in answer["results"]:
            assert incident["source_incident_id"] not in stored
            stored[incident["source_incident_id"]] = str(incident["pk"])
        page = answer["next"]
    assert set(load.accepted) <= set(stored)
    # Thousands of mails, on a machine that is busy with everything else.
    wait_until(lambda: {stored[one] for one in load.accepted} <= notified_incidents(sink), 600)
