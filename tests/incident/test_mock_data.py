"""The fixture ``incident/mock_data`` equals the output of its script, and what services would write."""

import runpy
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from argus.auth.models import User
from argus.dev.demo import fill_day
from argus.dev.setup import ensure_admin
from argus.incident import models, sources
from argus.incident.lifecycle import EventType
from argus.util.infinity import INFINITY
from tests.factories import INCIDENTS, make_client, make_user

FIXTURES = Path(models.__file__).parent / "fixtures"


@pytest.fixture
def mock_data(db) -> None:
    call_command("loaddata", "incident/mock_data", verbosity=0)


def test_script_writes_what_is_committed():
    script = runpy.run_path(str(FIXTURES / "generate_fixtures.py"))

    assert script["content"]() == (FIXTURES / "incident" / "mock_data.json").read_text()


def test_mock_data_passes_all_constraints_of_the_models(mock_data):
    for model in (models.SourceSystem, models.Tag, models.Incident, models.Event, models.Acknowledgement):
        assert model.objects.exists()
        for row in model.objects.all():
            row.full_clean()


def test_mock_data_has_incidents_in_every_state(mock_data):
    incidents = models.Incident.objects

    for found in (
        incidents.open().acked(),
        incidents.open().unacked(),
        incidents.closed(),
        incidents.stateless(),
        incidents.filter(events__type=EventType.REOPEN),
    ):
        assert found.exists()


def test_mock_data_is_in_step_with_itself(mock_data):
    for incident in models.Incident.objects.prefetch_related("events__ack"):
        events = sorted(incident.events.all(), key=lambda event: event.timestamp)
        until = [event.ack.expiration or INFINITY for event in events if event.type == EventType.ACKNOWLEDGE]

        assert events[0].type == EventType.START
        assert events[0].timestamp == incident.start_time
        assert incident.end_time == end_told_by(events, stateful=incident.stateful)
        assert incident.acked_until == max(until, default=None)
    for tag in models.Tag.objects.all():
        assert tag.digest == models.Tag.digest_of(tag.key, tag.value)


def end_told_by(events: list, *, stateful: bool) -> datetime | None:
    """Return the end time that results from the events."""
    end = INFINITY if stateful else None
    for event in events:
        if event.type in {EventType.END, EventType.CLOSE}:
            end = event.timestamp
        elif event.type == EventType.REOPEN:
            end = INFINITY
    return end


def test_mock_data_leaves_the_accounts_of_a_first_set_up_alone(db):
    ensure_admin("admin", password="secret")
    sources.get_argus_source()
    accounts = User.objects.filter(username__in=["admin", "argus"]).order_by("pk").values("pk", "username", "password")
    before = list(accounts)

    call_command("loaddata", "incident/mock_data", verbosity=0)

    assert len(before) == 2
    assert list(accounts.all()) == before


def test_mock_data_loads_beside_the_demo_and_twice(db):
    fill_day()

    for _ in range(2):
        call_command("loaddata", "incident/mock_data", verbosity=0)


def test_mock_data_shows_over_rest_and_more_can_be_added(mock_data, post_incident):
    post_incident()
    answer = make_client(make_user()).get(INCIDENTS, {"open": "true"}).json()

    assert len(answer["results"]) > 5
    assert {incident["end_time"] for incident in answer["results"]} == {"infinity"}
