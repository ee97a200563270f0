"""What a worker does with what it has claimed, in this process and with media of all kinds."""

import threading
import time
from contextlib import contextmanager

import pytest
from django.db import connection

from argus.incident.models import Change
from argus.notificationprofile import worker
from argus.notificationprofile.media.base import NotificationMedium
from argus.notificationprofile.models import Delivery, MediumHealth, Reason, Verdict
from argus.notificationprofile.notify import wake_up
from argus.notificationprofile.worker import Worker
from argus.util.logs import current_request_id, on_behalf_of
from tests.factories import make_incident, make_user
from tests.notificationprofile.factories import make_profile
from tests.smtp_sink import HOST, running_sink

calls = []


class Recorder(NotificationMedium):
    @staticmethod
    def send(incident, user, **kwargs):
        calls.append((incident, user, kwargs))


class Closed(Recorder):
    """Nobody gets as far as sending."""

    @classmethod
    @contextmanager
    def session(cls):
        raise ConnectionRefusedError("closed on Sundays")
        yield {}


class Hanging(Recorder):
    """Its session never comes back: not from its beginning or, later, not from its end."""

    at = "beginning"
    let_go: threading.Event

    @classmethod
    @contextmanager
    def session(cls):
        if cls.at == "beginning":
            cls.let_go.wait(60)
        yield {}
        cls.let_go.wait(60)


class Threaded(Recorder):
    """Notes in which thread what is done, and for which request; the first message hangs if there is a gate."""

    gate: threading.Event | None = None
    trace: list[tuple]

    @classmethod
    def note(cls, what: str) -> None:
        cls.trace.append((what, current_request_id(), threading.current_thread()))

    @classmethod
    @contextmanager
    def session(cls):
        cls.note("begin")
        try:
            yield {}
        finally:
            cls.note("end")

    @staticmethod
    def send(incident, user, **kwargs):
        Threaded.note("send")
        gate, Threaded.gate = Threaded.gate, None
        if gate is not None:
            gate.wait(60)


class Scribbler(Recorder):
    """Changes what it is given."""

    @staticmethod
    def send(incident, user, *, event, message, **kwargs):
        calls.append((incident.description, event.incident.description, event.description, message.subject))
        for one in (incident, event, event.incident):
            one.description = "scribbled"
        event.incident = None


class Slow(Recorder):
    @staticmethod
    def send(incident, user, **kwargs):
        time.sleep(0.6)
        Recorder.send(incident, user, **kwargs)


class Stopper(Recorder):
    """Somebody asks the worker to stop while it sends."""

    worker: Worker

    @staticmethod
    def send(incident, user, **kwargs):
        Stopper.worker.stop()
        Recorder.send(incident, user, **kwargs)


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError


@pytest.fixture(autouse=True)
def on_duty(settings):
    """Notifications are switched on, and mails are recorded."""
    settings.ARGUS_SEND_NOTIFICATIONS = True
    use(settings, Recorder)
    calls.clear()


def use(settings, medium) -> None:
    settings.DEFAULT_EMAIL_MEDIA = f"{__name__}.{medium.__name__}"


@pytest.fixture
def audience(db) -> list:
    """Three people who want to be told of everything."""
    return [make_profile(make_user()) for _ in range(3)]


def ledger() -> list[tuple]:
    return list(Delivery.objects.order_by("pk").values_list("verdict", "attempts", "leased_until"))


def test_worker_says_whether_there_was_anything_to_do(audience):
    assert not Worker().work()
    make_incident()
    one = Worker()

    assert one.work()
    assert not one.work()
    assert ledger() == [(Verdict.SENT, 1, None)] * 3


def test_worker_rests_after_events_of_which_nobody_is_told_and_only_then(audience):
    one = Worker()
    for restricted, is_in_vain in ((True, True), (False, False)):
        make_incident(restricted=restricted)
        one.work()
        assert one.routed_in_vain is is_in_vain
    one.work()
    assert not one.routed_in_vain


def test_medium_is_called_as_the_contract_says(audience):
    incident = make_incident(tags=["a=b"])

    Worker().work()

    assert [(about, user) for about, user, _ in calls] == [(incident, one.user) for one in audience]
    for profile, (_, user, kwargs) in zip(audience, calls, strict=True):
        assert kwargs["event"] == incident.events.get()
        assert kwargs["profile"] == profile
        assert kwargs["address"] == kwargs["phone_number"] == user.email
        assert "a=b" in kwargs["message"].text


def test_what_a_medium_does_to_its_objects_does_not_show_in_the_next_message(audience, settings):
    use(settings, Scribbler)
    make_incident(description="as it was")

    Worker().work()

    assert len(calls) == 3
    assert set(map(calls.count, calls)) == {3}
    assert "scribbled" not in str(calls)


def test_switched_off_it_still_writes_the_ledger(audience, settings):
    settings.ARGUS_SEND_NOTIFICATIONS = False
    make_incident()

    Worker().work()

    assert set(Delivery.objects.values_list("verdict", "reason")) == {(Verdict.SUPPRESSED, Reason.SWITCHED_OFF)}
    assert not Change.objects.unrouted().exists()
    assert calls == []


def test_session_that_cannot_be_opened_postpones_all_and_tries_none(audience, settings):
    use(settings, Closed)
    make_incident()

    Worker().work()

    assert ledger() == [(Verdict.RETRYING, 1, None)] * 3
    assert {line.last_error for line in Delivery.objects.all()} == {"ConnectionRefusedError: closed on Sundays"}


@pytest.fixture
def hanging(settings):
    """A medium whose session hangs until the test is over."""
    use(settings, Hanging)
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT = 0.2
    Hanging.let_go = threading.Event()
    yield Hanging
    Hanging.at = "beginning"
    Hanging.let_go.set()


def test_session_that_does_not_begin_postpones_all_and_tries_none(audience, hanging):
    make_incident()

    assert Worker().work()

    assert calls == []
    assert ledger() == [(Verdict.RETRYING, 1, None)] * 3
    (error,) = {line.last_error for line in Delivery.objects.all()}
    assert error == "SessionStuck: The medium did not come back within 0.2 seconds."
    assert MediumHealth.objects.get().failing_since is not None


def test_session_that_does_not_end_holds_nobody_up(audience, hanging):
    hanging.at = "end"
    make_incident()

    assert Worker().work()

    assert len(calls) == 3
    assert ledger() == [(Verdict.SENT, 1, None)] * 3
    assert not MediumHealth.objects.filter(failing_since__isnull=False).exists()


@pytest.fixture
def threaded(settings):
    use(settings, Threaded)
    Threaded.trace = []
    return Threaded


def test_session_has_one_thread_and_each_message_its_request(audience, threaded):
    for request in ("request-1", "request-2"):
        with on_behalf_of(request):
            make_incident()

    assert Worker().work()

    assert [(what, request) for what, request, _ in threaded.trace] == [
        ("begin", ""),
        *[("send", "request-1")] * 3,
        *[("send", "request-2")] * 3,
        ("end", ""),
    ]
    (thread,) = {thread for _, _, thread in threaded.trace}
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_message_that_hangs_is_left_behind_with_its_thread_and_the_others_go_by_another_session(
    audience, threaded, settings
):
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT = 1
    threaded.gate = gate = threading.Event()
    make_incident()
    one = Worker()

    assert one.work()
    assert ledger() == [(Verdict.RETRYING, 1, None), (Verdict.PENDING, 0, None), (Verdict.PENDING, 0, None)]
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT = 20
    assert one.work()
    assert ledger() == [(Verdict.RETRYING, 1, None), (Verdict.SENT, 1, None), (Verdict.SENT, 1, None)]

    first, second = threaded.trace[:3], threaded.trace[3:]
    assert [what for what, _, _ in first] == ["begin", "send", "end"]
    assert [what for what, _, _ in second] == ["begin", "send", "send", "end"]
    stuck = first[1][2]
    assert stuck.is_alive()
    assert stuck not in {first[2][2], *(thread for _, _, thread in second)}
    gate.set()
    stuck.join(60)
    assert not stuck.is_alive()


def test_medium_that_was_taken_away_is_waited_for(audience, settings):
    make_incident()
    Worker().router.route(worker.Policy(True, frozenset({"EM"})))
    settings.DEFAULT_EMAIL_MEDIA = None

    Worker().work()

    assert {line.verdict for line in Delivery.objects.all()} == {Verdict.RETRYING}
    assert "not configured" in Delivery.objects.first().last_error


def test_nothing_is_begun_that_might_outlast_the_lease(audience, settings):
    use(settings, Slow)
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT, settings.ARGUS_NOTIFICATION_LEASE = 5, 5.5
    make_incident()

    Worker().work()

    assert ledger() == [(Verdict.SENT, 1, None), (Verdict.PENDING, 0, None), (Verdict.PENDING, 0, None)]


def test_worker_that_is_stopped_finishes_the_message_in_hand_and_puts_the_others_back(audience, settings):
    use(settings, Stopper)
    Stopper.worker = Worker()
    make_incident()

    Stopper.worker.run()

    assert ledger() == [(Verdict.SENT, 1, None), (Verdict.PENDING, 0, None), (Verdict.PENDING, 0, None)]


def test_one_connection_serves_a_batch(audience, settings):
    settings.DEFAULT_EMAIL_MEDIA = "argus.notificationprofile.media.email.EmailNotification"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with running_sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = HOST, sink.port
        for _ in range(4):
            make_incident()
        Worker().work()

        assert len(sink.messages) == 12
        assert sink.connections == 1


def test_call_that_was_read_with_the_result_of_a_query_is_not_waited_for(transactional_db, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("Elsewhere there are no calls.")
    one = Worker()
    one.listen()
    make_incident()
    wake_up.close()
    monkeypatch.setattr(worker, "select", lambda *_: pytest.fail("It waits for a call that has come."))

    one.sleep()

    monkeypatch.setattr(worker, "select", lambda *_: ([], [], []))
    one.sleep()


def test_error_that_nobody_expected_does_not_end_the_worker(transactional_db, settings, caplog):
    settings.DEFAULT_EMAIL_MEDIA = "no.such.module"
    one = Worker()
    threading.Timer(0.5, one.stop).start()

    one.run()

    assert "no.such.module" in caplog.text


def test_worker_ends_when_nobody_wants_it_any_more(db):
    Worker().run(is_wanted=lambda: False)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError("a\0b\ud800"), "ValueError: a b\N{REPLACEMENT CHARACTER}"),
        (Unspeakable(), "Unspeakable"),
    ],
)
def test_errors_become_text_that_the_ledger_takes(error, words):
    assert worker.describe(error) == words
