"""A medium that keeps failing becomes an incident of Argus itself, told through the other media."""

from datetime import timedelta

import pytest
from django.utils import timezone

from argus.auth.models import PhoneNumber
from argus.incident.models import Incident
from argus.incident.sources import ARGUS
from argus.notificationprofile import health
from argus.notificationprofile.models import Delivery, MediumHealth, Reason, Verdict
from argus.notificationprofile.worker import Worker
from tests.factories import make_incident, make_user
from tests.notificationprofile.factories import make_profile
from tests.parallel import at_once
from tests.smtp_sink import HOST, running_sink

FIVE_MINUTES = timedelta(minutes=5)


def own_incidents():
    return Incident.objects.filter(source__type=ARGUS)


def have_failed_for(duration: timedelta, medium: str = "EM") -> None:
    """Let the clock go on, by letting the failing have begun earlier."""
    MediumHealth.objects.filter(medium=medium).update(failing_since=timezone.now() - duration)


def fail_for(duration: timedelta, medium: str = "EM") -> None:
    health.record_failure(medium, "Connection refused")
    have_failed_for(duration, medium)
    health.record_failure(medium, "Connection refused")


def test_outage_of_five_minutes_opens_one_incident(db):
    fail_for(FIVE_MINUTES - timedelta(seconds=5))
    assert not own_incidents().exists()

    have_failed_for(FIVE_MINUTES)
    for _ in range(3):
        health.record_failure("EM", "Connection refused")

    incident = own_incidents().get()
    assert "E-mail" in incident.description
    assert "Connection refused" in incident.description
    assert {str(relation.tag) for relation in incident.tag_relations.all()} == {
        "problem_type=mediumFailing",
        "object=e-mail",
    }
    assert incident.open


def test_success_restarts_the_outage_clock(db):
    fail_for(FIVE_MINUTES - timedelta(seconds=5))
    health.record_success("EM")
    health.record_failure("EM", "Connection refused")

    assert not own_incidents().exists()
    assert timezone.now() - MediumHealth.objects.get().failing_since < timedelta(minutes=1)


def test_success_ends_the_incident_and_the_next_outage_is_another(db):
    fail_for(FIVE_MINUTES)
    health.record_success("EM")

    first = own_incidents().get()
    assert not first.open
    assert [event.type for event in first.events.order_by("pk")] == ["STA", "END"]
    assert health.failing_media() == {}
    health.record_success("EM")
    assert first.events.count() == 2

    fail_for(FIVE_MINUTES)
    assert own_incidents().count() == 2
    assert [one.open for one in own_incidents().order_by("pk")] == [False, True]


def test_closed_outage_incident_is_not_changed(db):
    fail_for(FIVE_MINUTES)
    own_incidents().update(end_time=timezone.now())

    health.record_failure("EM", "Connection refused")
    health.record_success("EM")

    assert own_incidents().get().events.count() == 1
    assert MediumHealth.objects.get().failing_since is None


def test_deleted_outage_incident_causes_no_error(db):
    fail_for(FIVE_MINUTES)
    own_incidents().delete()

    health.record_success("EM")

    assert MediumHealth.objects.get().failing_since is None


def test_media_have_separate_outages(db):
    fail_for(FIVE_MINUTES, "EM")
    fail_for(FIVE_MINUTES, "SM")
    assert own_incidents().count() == 2

    health.record_success("SM")

    assert [one.description.split()[2] for one in own_incidents() if one.open] == ["E-mail"]


def test_several_workers_open_one_incident(parallel_db):
    health.record_failure("EM", "Connection refused")
    have_failed_for(FIVE_MINUTES)

    outcomes = at_once(*[lambda: health.record_failure("EM", "Connection refused")] * 6)

    assert outcomes == [None] * 6
    assert own_incidents().count() == 1


# With a worker and mail servers


@pytest.fixture
def mails(settings):
    """A mail server for a worker in this process; SMS are taken by a plugin."""
    with running_sink() as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, sink.port
        settings.ARGUS_SEND_NOTIFICATIONS = True
        settings.DEFAULT_SMS_MEDIA = "tests.notificationprofile.plugins.Good"
        yield sink


@pytest.fixture
def kari(db):
    """A user with a profile for everything by e-mail and SMS."""
    user = make_user("kari")
    number = PhoneNumber.objects.create(user=user, phone_number="+4767676767")
    make_profile(user, media=["EM", "SM"], phone_number=number)
    return user


def work_off() -> None:
    """Let a worker do all there is to do now, and what is to be tried later."""
    worker = Worker()
    Delivery.objects.unsettled().update(due=timezone.now())
    while worker.work():
        pass


def deliveries_of(incident) -> set[tuple]:
    lines = Delivery.objects.filter(incident=incident)
    return set(lines.values_list("event__type", "medium", "verdict", "reason"))


def test_outage_of_a_medium_is_reported_by_other_media_only(mails, kari):
    mails.stop()
    make_incident()
    work_off()
    have_failed_for(FIVE_MINUTES)
    work_off()
    work_off()

    assert deliveries_of(own_incidents().get()) == {
        ("STA", "SM", Verdict.SENT, ""),
        ("STA", "EM", Verdict.SUPPRESSED, Reason.NO_MEDIUM),
    }
    assert own_incidents().count() == 1

    mails.start()
    work_off()
    work_off()

    assert ("END", "EM", Verdict.SENT, "") in deliveries_of(own_incidents().get())
    assert not Delivery.objects.unsettled().exists()
    assert not own_incidents().get().open


def test_permanently_refused_addresses_are_no_outage(mails, kari, settings):
    settings.ARGUS_MEDIUM_FAILING_AFTER = 0
    mails.answer("kari@example.org", "550 5.1.1 No such user")

    for _ in range(3):
        make_incident()
        work_off()

    assert Delivery.objects.filter(verdict=Verdict.FAILED).count() == 3
    assert not MediumHealth.objects.filter(failing_since__isnull=False).exists()
    assert not own_incidents().exists()


@pytest.mark.parametrize("busy", ["ada", "kari", "ola"])
def test_one_busy_mailbox_among_others_is_no_outage(mails, db, settings, busy):
    settings.ARGUS_MEDIUM_FAILING_AFTER = 0
    mails.answer(f"{busy}@example.org", "450 4.2.1 Mailbox busy", times=1)
    for name in ("ada", "kari", "ola"):
        make_profile(make_user(name))

    make_incident()
    work_off()

    assert Delivery.objects.get(verdict=Verdict.RETRYING).user.username == busy
    assert not own_incidents().exists()
