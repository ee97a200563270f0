"""``manage.py prune``: old incidents and their rows are deleted, nothing else, beside running servers."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from argus.alert.models import Alert
from argus.auth.authtoken.models import Token
from argus.incident.lifecycle import EventType
from argus.incident.models import Acknowledgement, Event, Incident, IncidentTagRelation, Tag
from argus.incident.retention import delete_finished, delete_unused_tags, finished_before, unused_tags
from argus.notificationprofile.delivery_log import DELIVERY_RETENTION
from argus.notificationprofile.models import Delivery, Verdict
from argus.site import retention
from argus.util.infinity import INFINITY
from tests.alert.factories import make_alert
from tests.factories import (
    INCIDENTS,
    incident_body,
    make_ack,
    make_client,
    make_event,
    make_incident,
    make_source,
    make_token,
    make_user,
)
from tests.notificationprofile.factories import make_line
from tests.parallel import at_once

KEPT = 30


@pytest.fixture
def source(db):
    return make_source()


def make_old(source, *, days: int = KEPT + 1, end: int | None = None, **values) -> Incident:
    """An incident that began and, unless ``end`` (in days ago) says otherwise, ended so many days ago."""
    start = timezone.now() - timedelta(days=days)
    values.setdefault("end_time", start + timedelta(hours=1) if end is None else start + timedelta(days=days - end))
    return make_incident(source, start_time=start, **values)


def age_events(days: int = KEPT + 1) -> None:
    """Make all events so many days old."""
    Event.objects.update(received=timezone.now() - timedelta(days=days))


def prune(*arguments: str, days: int = KEPT) -> None:
    call_command("prune", f"--days={days}", *arguments)


def left() -> set[int]:
    return set(Incident.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("arguments", [[], ["--days=0"], ["--days=-3"]])
def test_number_of_days_is_required(source, arguments):
    make_old(source)
    age_events()
    with pytest.raises(CommandError, match="--days or ARGUS_RETENTION_DAYS"):
        call_command("prune", *arguments)
    assert Incident.objects.count() == 1


def test_setting_is_the_default(source, settings):
    make_old(source)
    age_events()
    settings.ARGUS_RETENTION_DAYS = KEPT
    call_command("prune")
    assert not Incident.objects.exists()


def test_old_incidents_are_deleted_and_others_stay(source):
    make_old(source)
    make_old(source, end_time=None)
    kept = {
        make_old(source, days=500, end_time=INFINITY).pk,
        make_old(source, days=500, end=KEPT - 1).pk,
        make_old(source, days=500, end=-1).pk,
        make_old(source, days=KEPT - 1, end_time=None).pk,
    }
    age_events()
    prune()
    assert left() == kept


def test_incident_with_a_recent_event_stays(source):
    brought_along, commented, closed_late = (make_old(source, days=500) for _ in range(3))
    age_events(500)
    Event.objects.filter(incident=brought_along).update(received=timezone.now())
    make_event(commented)
    reopened = make_old(source, days=500)
    Event.objects.filter(incident=reopened).update(received=timezone.now() - timedelta(days=500))
    make_event(reopened, EventType.REOPEN)
    prune()
    assert left() == {brought_along.pk, commented.pk, reopened.pk}
    assert closed_late.pk not in left()


def test_incident_is_deleted_with_all_its_rows(source):
    old, kept = make_old(source, tags=["host=a", "room=1"]), make_old(source, end_time=INFINITY, tags=["host=a"])
    for incident in (old, kept):
        make_ack(incident)
        make_line(incident.events.first(), make_user(), verdict=Verdict.RETRYING)
    age_events()
    prune()
    assert left() == {kept.pk}
    assert set(Event.objects.values_list("incident", flat=True)) == {kept.pk}
    assert Acknowledgement.objects.count() == Delivery.objects.count() == IncidentTagRelation.objects.count() == 1
    assert [str(tag) for tag in Tag.objects.all()] == ["host=a"]


def test_alert_is_deleted_with_its_incident(db):
    over, raised = make_alert(), make_alert()
    moment = timezone.now() - timedelta(days=KEPT + 1)
    Incident.objects.filter(pk=over.incident_id).update(start_time=moment, end_time=moment)
    age_events()
    prune()
    assert [alert.pk for alert in Alert.objects.all()] == [raised.pk]
    assert left() == {raised.incident_id}


def test_deliveries_of_kept_incidents_are_kept_for_the_api(source):
    event, now = make_old(source, end_time=INFINITY).events.get(), timezone.now()
    for days in (KEPT + 1, DELIVERY_RETENTION.days + 1):
        for verdict in (Verdict.SENT, Verdict.PENDING):
            make_line(event, make_user(), verdict=verdict, created=now - timedelta(days=days))
    prune()
    assert Delivery.objects.filter(verdict=Verdict.PENDING).count() == 2
    assert Delivery.objects.filter(verdict=Verdict.SENT).count() == 1


def test_expired_tokens_and_sessions_are_deleted(source):
    now = timezone.now()
    for number, hours in enumerate((-1, 1)):
        Session.objects.create(session_key=f"key{number}", expire_date=now + timedelta(hours=hours))
    make_token(source.user)
    dead = make_token(make_user())
    Token.objects.filter(pk=dead.pk).update(created=now - timedelta(days=15))
    prune()
    assert [session.session_key for session in Session.objects.all()] == ["key1"]
    assert [token.user for token in Token.objects.all()] == [source.user]


def test_dry_run_counts_and_changes_nothing(source, capsys):
    for _ in range(3):
        make_old(source, tags=["host=a"])
    make_old(source, end_time=INFINITY)
    age_events()
    prune("--dry-run")
    assert "incidents: 3 would be deleted\n" in capsys.readouterr().out
    assert Incident.objects.count() == 4


def test_progress_is_printed_and_an_interrupted_run_is_continued(source, capsys, monkeypatch):
    monkeypatch.setattr("argus.site.management.commands.prune.REPORT_INTERVAL", 0)
    for _ in range(450):
        make_old(source)
    age_events()
    real, portions = retention.delete_finished, []

    def dying(keys, moment):
        portions.append(len(keys))
        if len(portions) == 2:
            raise KeyboardInterrupt
        return real(keys, moment)

    monkeypatch.setattr(retention, "delete_finished", dying)
    with pytest.raises(KeyboardInterrupt):
        prune()
    assert Incident.objects.count() == Event.objects.count() == 250
    prune()
    assert portions == [200, 200, 200, 50]
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("incidents")] == [
        "incidents: 200 of 450",
        "incidents: 200 of 250",
        "incidents: 250 of 250",
        "incidents: 250 deleted",
    ]


def test_incident_that_is_reopened_meanwhile_stays(source):
    incident = make_old(source)
    age_events()
    moment = timezone.now() - timedelta(days=KEPT)
    assert list(finished_before(moment)) == [incident]
    make_event(incident, EventType.REOPEN)
    assert delete_finished([incident.pk], moment) == 0
    assert left() == {incident.pk}


def test_posts_work_while_tags_are_pruned(parallel_db):
    source, tags = make_source(), [f"host=h{number}" for number in range(4)]

    def post():
        client = make_client(type(source.user).objects.get(pk=source.user_id))
        bodies = [incident_body(tags=[{"tag": tag}]) for tag in tags * 10]
        return [client.post(INCIDENTS, body).status_code for body in bodies]

    def forget():
        """Take incidents away soon after they have come, so that their tags keep falling out of use."""
        for _ in range(100):
            Incident.objects.filter(pk__in=left()).delete()
            delete_unused_tags(list(unused_tags().values_list("pk", flat=True)))

    *statuses, forgotten = at_once(post, post, post, forget)
    assert forgotten is None
    assert {status for answers in statuses for status in answers} == {201}
    assert set(Incident.objects.annotate(number=Count("tags")).values_list("number", flat=True)) <= {1}
