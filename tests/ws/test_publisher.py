"""The thread that tells of changes: it never gets into anybody's way, and forgets nothing."""

import os
import threading

import pytest

from argus.incident.models import Incident
from argus.ws import counts
from argus.ws import publisher as publishing
from argus.ws.journal import JournalUnreachable, Push, Ticket
from argus.ws.publisher import publisher
from argus.ws.setup import current_journal
from tests.factories import make_incident, make_incidents
from tests.ws.server import wait_until


def texts_of(audience: str = "everyone") -> list[str]:
    return list(current_journal().logs[audience].texts)


@pytest.fixture
def followed(memory_layer, parallel_db):
    """A journal that somebody follows."""
    current_journal().listeners.add(lambda: None)


def test_without_anybody_who_follows_there_is_no_thread(memory_layer, parallel_db):
    make_incident()

    assert publisher.thread is None


def test_every_change_has_a_message_and_those_of_one_incident_show_the_same(followed):
    with publisher.changed:
        publisher.start()
        for created in (True, False, False):
            publisher.pending.append(publishing.Change(1, created))
        incident = Incident.objects.filter(pk=make_incident().pk)
        publisher.pending.extend(publishing.Change(incident.get().pk, False) for _ in range(2))
    publisher.announce(incident.get().pk)

    assert publisher.flush(20)
    told = [text for text in texts_of() if '"modified"' in text]
    assert len(told) >= 3
    assert len(set(told)) == 1


def test_messages_come_in_the_order_of_the_changes(followed):
    incidents = make_incidents(30)

    assert publisher.flush(20)
    found = [Push(0, False, text).text.partition('"pk":')[2].partition(",")[0] for text in texts_of()]
    assert found == [str(one.pk) for one in incidents]


def test_journal_that_fails_is_tried_again_and_the_failure_counted(followed, monkeypatch):
    journal, delayed = current_journal(), counts.counts()["delayed"]
    broken = threading.Event()
    append = journal.append

    def fail_twice(pushes, ticket):
        if not broken.is_set():
            broken.set()
            raise JournalUnreachable("for a test")
        return append(pushes, ticket)

    monkeypatch.setattr(publishing, "PAUSE", 0.05)
    monkeypatch.setattr(journal, "append", fail_twice)
    make_incidents(2)

    assert publisher.flush(20)
    assert len(texts_of()) == 2
    assert counts.counts()["delayed"] > delayed


def test_change_that_cannot_be_shown_does_not_stop_the_others(followed, monkeypatch):
    lost, render = counts.counts()["lost"], publishing.render

    def stumble(batch):
        if any(change.incident == 0 for change in batch):
            raise ZeroDivisionError
        return render(batch)

    monkeypatch.setattr(publishing, "render", stumble)
    publisher.announce(0)
    assert publisher.flush(20)
    make_incident()

    assert publisher.flush(20)
    assert len(texts_of()) == 1
    assert counts.counts()["lost"] == lost + 1


def test_many_changes_of_few_incidents_are_condensed(memory_layer, monkeypatch):
    monkeypatch.setattr(publishing, "MOST_PENDING", 10)
    with publisher.changed:
        for number in range(30):
            publisher.pending.append(publishing.Change(number % 3, number == 1))
        publisher.condense()

    assert list(publisher.pending) == [(0, False), (1, True), (2, False)]
    assert not publisher.everything


def test_closing_tells_what_is_pending_within_its_time(followed, monkeypatch):
    make_incidents(3)
    publisher.close()
    assert len(texts_of()) == 3
    assert not publisher.thread.is_alive()

    def never(pushes, ticket):
        raise JournalUnreachable("for a test")

    monkeypatch.setattr(publishing, "LAST_WORDS", 0.2)
    monkeypatch.setattr(current_journal(), "append", never)
    publisher.reset()
    make_incidents(3)
    publisher.close()
    assert not publisher.thread.is_alive()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_child_process_begins_with_a_publisher_of_its_own(followed):
    make_incident()
    wait_until(lambda: publisher.thread is not None)
    child = os.fork()
    if child == 0:
        os._exit(0 if publisher.thread is None and not publisher.pending else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def shared_journal(redis_layer):
    """The journal in Redis, which somebody follows."""
    journal = current_journal()
    journal.client.set("{argus.live}:followed", 1)
    return journal


def test_where_nobody_follows_nothing_is_read_or_kept(redis_layer, parallel_db, monkeypatch):
    monkeypatch.setattr(publishing, "render", lambda batch: pytest.fail("read for nobody"))
    make_incident()

    assert publisher.flush(20)
    assert publisher.told == publisher.announced == 1
    assert current_journal().client.keys("{argus.live}:*") == []


def test_who_knows_less_does_not_have_the_last_word(shared_journal):
    journal = shared_journal
    early, late = journal.take_ticket(), journal.take_ticket()
    assert early.number < late.number

    assert journal.append([Push(1, False, "new"), Push(2, False, "new")], late) == set()
    assert journal.append([Push(1, False, "old"), Push(3, False, "only")], early) == {1}
    assert journal.append([Push(1, False, "newest")], journal.take_ticket()) == set()
    assert journal.append([Push(1, False, "x")], Ticket("another epoch", 10**6)) == {1}
    assert journal.client.lrange("{argus.live}:log:everyone", 0, -1) == ["new", "new", "only", "newest"]


def test_tickets_that_are_forgotten_count_as_used_up(shared_journal, monkeypatch):
    monkeypatch.setattr("argus.ws.redis_journal.MOST_TICKETS", 5)
    journal = shared_journal
    early = journal.take_ticket()
    for number in range(20):
        journal.append([Push(number, False, str(number))], journal.take_ticket())

    assert journal.client.zcard("{argus.live}:tickets") == 5
    assert journal.append([Push(1, False, "old")], early) == {1}
    assert journal.append([Push(1, False, "new")], journal.take_ticket()) == set()


def test_log_in_redis_is_bounded_by_number_and_by_size(shared_journal, monkeypatch):
    monkeypatch.setattr("argus.ws.redis_journal.MOST_ENTRIES", 4)
    monkeypatch.setattr("argus.ws.redis_journal.MOST_BYTES", 100)
    journal, log = shared_journal, "{argus.live}:log:staff"
    for number in range(6):
        journal.append([Push(number, True, str(number))], journal.take_ticket())
    assert journal.client.lrange(log, 0, -1) == ["2", "3", "4", "5"]
    journal.append([Push(7, True, "x" * 99)], journal.take_ticket())

    assert [len(text) for text in journal.client.lrange(log, 0, -1)] == [1, 99]
    assert journal.client.hget("{argus.live}:state", f"size:{log}") == "100"
    assert journal.client.hget("{argus.live}:state", f"head:{log}") == "7"
    assert journal.client.llen("{argus.live}:log:everyone") == 0
