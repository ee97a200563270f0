"""Killed workers and failing mail servers: no message is lost, and few are sent twice."""

import os
import random
import signal
import time

import pytest

from argus.incident.models import Incident
from argus.notificationprofile.models import Delivery, Verdict
from tests.factories import make_event
from tests.flows import drill
from tests.smtp_sink import CONNECT, END, running_sink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="several workers need PostgreSQL"),
    pytest.mark.usefixtures("transactional_db"),
]
KILLS = 20


@pytest.fixture
def sink():
    with running_sink() as server:
        yield server


def test_killed_worker_loses_nothing_and_repeats_at_most_one_message(sink):
    drill.make_audience(10)
    drill.post_incidents(40)
    kills = 0
    with drill.working(sink, 2) as team:
        while kills < KILLS:
            # Each kill happens during deliveries: some were sent since the last kill, and some are left.
            before = len(sink.messages)
            drill.wait_until(lambda before=before: len(sink.messages) > before or drill.is_settled())
            if drill.is_settled():
                break
            time.sleep(random.uniform(0, 0.01))
            team.kill(team.processes[kills % 2])
            team.hire()
            kills += 1
        drill.wait_until_settled()

    drill.assert_all_were_sent(sink, 400)
    assert kills > 1
    # Each kill repeats at most one message; two kills may hit the same one.
    assert len(sink.messages) - 400 <= kills


def test_lease_of_a_killed_worker_is_taken_over(sink):
    (address,) = drill.make_audience(1)
    sink.hang(address, times=1)
    with drill.working(sink) as team:
        drill.post_incidents(1)
        drill.wait_until(lambda: Delivery.objects.filter(leased_until__isnull=False).exists())
        team.kill(team.processes[0])
        team.hire()
        drill.wait_until_settled()

    drill.assert_all_were_sent(sink, 1)
    assert Delivery.objects.get().attempts >= 2


def test_two_workers_send_2000_messages_once(sink):
    drill.make_audience(20)
    drill.post_incidents(100)
    # A mail server that answers later than the time-out gets the message again. Here, only the workers are tested.
    patient = {"EMAIL_TIMEOUT": "30", "ARGUS_NOTIFICATION_SEND_TIMEOUT": "40", "ARGUS_NOTIFICATION_LEASE": "60"}
    with drill.working(sink, 2, **patient):
        drill.wait_until_settled()

    drill.assert_all_were_sent(sink, 2000)
    assert len(sink.messages) == 2000


def close_all() -> None:
    for incident in Incident.objects.all():
        make_event(incident)
        make_event(incident, "CLO")


def refuse(sink, addresses):
    sink.stop()
    time.sleep(2)
    sink.start()


def hang(sink, addresses):
    sink.hang(at=CONNECT, times=1)
    sink.hang(addresses[0], times=1)
    sink.hang(addresses[1], at=END, times=1)


def answer_busy(sink, addresses):
    for address in addresses[:3]:
        sink.answer(address, "450 4.2.1 Mailbox busy", times=2)
    sink.answer(answer="451 4.3.0 Try again", at=END, times=3)


@pytest.mark.parametrize("misbehave", [refuse, hang, answer_busy])
def test_recovered_mail_server_gets_all_messages_in_order(sink, misbehave):
    addresses = drill.make_audience(5)
    drill.post_incidents(4)
    close_all()
    with drill.working(sink, 2) as team:
        drill.wait_until(lambda: sink.messages)
        misbehave(sink, addresses)
        drill.wait_until_settled()
        team.assert_all_are_alive()

    drill.assert_all_were_sent(sink, 5 * 4 * 3)
    assert all(events == sorted(events) for events in drill.events_sent(sink).values())


def test_unknown_address_fails_once_and_visibly(sink):
    gone, busy, *_ = drill.make_audience(4)
    sink.answer(gone, "550 5.1.1 No such user")
    sink.answer(busy, "450 4.2.1 Mailbox busy", times=1)
    drill.post_incidents(3)
    with drill.working(sink, 2):
        drill.wait_until_settled()

    failed = Delivery.objects.filter(verdict=Verdict.FAILED)
    assert {(one.address, one.attempts, "No such user" in one.last_error) for one in failed} == {(gone, 1, True)}
    assert drill.verdicts() == {Verdict.SENT: 9, Verdict.FAILED: 3}
    assert len(sink.messages) == 9


def test_sigterm_finishes_the_current_message_and_releases_the_others(sink):
    slow, *_ = drill.make_audience(10)
    drill.post_incidents(3)
    sink.hang(slow, times=1)
    with drill.working(sink, EMAIL_TIMEOUT="2", ARGUS_NOTIFICATION_SEND_TIMEOUT="3") as team:
        (process,) = team.processes
        drill.wait_until(lambda: Delivery.objects.filter(leased_until__isnull=False).exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0

        assert not Delivery.objects.filter(leased_until__isnull=False).exists()
        assert set(Delivery.objects.filter(verdict=Verdict.PENDING).values_list("attempts", flat=True)) <= {0}
        assert Delivery.objects.filter(verdict=Verdict.SENT).count() == len(sink.messages)
        team.processes.clear()
        team.hire()
        drill.wait_until_settled()

    drill.assert_all_were_sent(sink, 30)
