"""The worker in this process, with media of several kinds."""

import threading
import time

import pytest
from django.db import connection

from argus.incident.models import Change
from argus.notificationprofile import worker
from argus.notificationprofile.media.base import Medium, Message, NotificationMedium, Recipient
from argus.notificationprofile.models import Delivery, Destination, MediumHealth, Reason, Verdict
from argus.notificationprofile.notify import wake_up
from argus.notificationprofile.worker import Worker
from argus.util.logs import current_request_id, request_context
from tests.factories import make_incident, make_user
from tests.notificationprofile.factories import make_profile
from tests.smtp_sink import HOST, running_sink

messages: list[Message] = []
calls: list[tuple] = []


class Recorder(Medium):
    def send(self, message):
        messages.append(message)


class Plugin(NotificationMedium):
    """A plugin with the interface of Argus 1."""

    @staticmethod
    def send(incident, user, **kwargs):
        calls.append((incident, user, kwargs))


class Unavailable(Recorder):
    def open(self):
        raise ConnectionRefusedError("closed on Sundays")


class Hanging(Recorder):
    """Opening hangs, or closing."""

    at = "open"
    gate: threading.Event

    def open(self):
        if self.at == "open":
            self.gate.wait(60)

    def close(self):
        self.gate.wait(60)


class Threaded(Recorder):
    """Record the thread and the request of each call. The first message hangs if there is a gate."""

    gate: threading.Event | None = None
    trace: list[tuple]

    def note(self, what: str) -> None:
        self.trace.append((what, current_request_id(), threading.current_thread()))

    def open(self):
        self.note("open")

    def close(self):
        self.note("close")

    def send(self, message):
        self.note("send")
        gate, Threaded.gate = Threaded.gate, None
        if gate is not None:
            gate.wait(60)


class Changing(NotificationMedium):
    """Change the objects that the plugin gets."""

    @staticmethod
    def send(incident, user, *, event, message, **kwargs):
        calls.append((incident.description, event.incident.description, event.description, message.subject))
        for one in (incident, event, event.incident):
            one.description = "changed"
        event.incident = None


class Slow(Recorder):
    def send(self, message):
        time.sleep(0.6)
        super().send(message)


class Stopper(Recorder):
    """Stop the worker while it sends."""

    worker: Worker

    def send(self, message):
        self.worker.stop()
        super().send(message)


class EmptyTextError(Exception):
    def __str__(self):
        raise ValueError


@pytest.fixture(autouse=True)
def recorder(settings):
    """Switch notifications on, and record the messages."""
    settings.ARGUS_SEND_NOTIFICATIONS = True
    use(settings, Recorder)
    messages.clear()
    calls.clear()


def use(settings, medium) -> None:
    settings.DEFAULT_EMAIL_MEDIA = f"{__name__}.{medium.__name__}"


@pytest.fixture
def audience(db) -> list:
    """Three users with a profile for everything."""
    return [make_profile(make_user()) for _ in range(3)]


def deliveries() -> list[tuple]:
    return list(Delivery.objects.order_by("pk").values_list("verdict", "attempts", "leased_until"))


def test_work_returns_whether_there_was_work(audience):
    assert not Worker().work()
    make_incident()
    one = Worker()

    assert one.work()
    assert not one.work()
    assert deliveries() == [(Verdict.SENT, 1, None)] * 3


def test_worker_pauses_only_after_events_without_deliveries(audience):
    one = Worker()
    for restricted, is_routed_only in ((True, True), (False, False)):
        make_incident(restricted=restricted)
        one.work()
        assert one.routed_only is is_routed_only
    one.work()
    assert not one.routed_only


def test_medium_gets_plain_values(audience):
    incident = make_incident(tags=["a=b"])
    (start,) = incident.events.all()

    Worker().work()

    assert [message.address for message in messages] == [profile.user.email for profile in audience]
    for profile, message in zip(audience, messages, strict=True):
        assert message.recipient == Recipient(profile.user.pk, profile.user.username, profile.user.email)
        assert message.settings == {"email_address": profile.user.email}
        assert (message.event.pk, message.event.type, message.event.timestamp) == (start.pk, "STA", start.timestamp)
        assert (message.incident.pk, message.incident.tags, message.incident.open) == (incident.pk, ("a=b",), True)
        assert "a=b" in message.text


def test_plugin_of_argus_1_gets_database_objects(audience, settings):
    use(settings, Plugin)
    incident = make_incident(tags=["a=b"])

    Worker().work()

    assert [(about, user) for about, user, _ in calls] == [(incident, one.user) for one in audience]
    for profile, (_, user, kwargs) in zip(audience, calls, strict=True):
        assert kwargs["event"] == incident.events.get()
        assert kwargs["profile"] == profile
        assert kwargs["address"] == kwargs["phone_number"] == user.email
        assert "a=b" in kwargs["message"].text


def test_changes_of_a_plugin_to_its_objects_do_not_show_in_the_next_message(audience, settings):
    use(settings, Changing)
    make_incident(description="as it was")

    Worker().work()

    assert len(calls) == 3
    assert set(map(calls.count, calls)) == {3}
    assert "changed" not in str(calls)


class Quoting(Medium):
    code = "quoting"
    label = "Quoting"
    settings_schema = {"type": "object", "properties": {"url": {"type": "string"}}}
    address_setting = "url"

    def send(self, message):
        raise OSError("Cannot send {url} with {token} at level {level}".format(**message.settings))


def test_log_masks_the_settings_of_a_destination(db, settings, caplog):
    settings.ARGUS_MEDIA = [f"{__name__}.Quoting"]
    values = {"url": "https://chat.example.org/", "token": "s3cret-token", "level": "1"}
    user = make_profile(make_user(), media=["quoting"]).user
    Destination.objects.create(user=user, medium="quoting", label="chat", settings=values)
    make_incident()

    with caplog.at_level("INFO"):
        Worker().work()

    assert "Cannot send <address> with <address> at level 1" in caplog.text
    assert "s3cret-token" in Delivery.objects.get().last_error


def test_switched_off_worker_still_writes_the_delivery_log(audience, settings):
    settings.ARGUS_SEND_NOTIFICATIONS = False
    make_incident()

    Worker().work()

    assert set(Delivery.objects.values_list("verdict", "reason")) == {(Verdict.SUPPRESSED, Reason.SWITCHED_OFF)}
    assert not Change.objects.unrouted().exists()
    assert messages == []


def test_medium_that_cannot_be_opened_postpones_all_messages(audience, settings):
    use(settings, Unavailable)
    make_incident()

    Worker().work()

    assert deliveries() == [(Verdict.RETRYING, 1, None)] * 3
    assert {line.last_error for line in Delivery.objects.all()} == {"ConnectionRefusedError: closed on Sundays"}


@pytest.fixture
def hanging(settings):
    """A medium that hangs until the end of the test."""
    use(settings, Hanging)
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT = 0.2
    Hanging.gate = threading.Event()
    yield Hanging
    Hanging.at = "open"
    Hanging.gate.set()


def test_medium_that_hangs_when_opened_postpones_all_messages(audience, hanging):
    make_incident()

    assert Worker().work()

    assert messages == []
    assert deliveries() == [(Verdict.RETRYING, 1, None)] * 3
    (error,) = {line.last_error for line in Delivery.objects.all()}
    assert error == "SendTimeoutError: The medium did not return within 0.2 seconds."
    assert MediumHealth.objects.get().failing_since is not None


def test_medium_that_hangs_when_closed_delays_no_message(audience, hanging):
    hanging.at = "close"
    make_incident()

    assert Worker().work()

    assert len(messages) == 3
    assert deliveries() == [(Verdict.SENT, 1, None)] * 3
    assert not MediumHealth.objects.filter(failing_since__isnull=False).exists()


@pytest.fixture
def threaded(settings):
    use(settings, Threaded)
    Threaded.trace = []
    return Threaded


def test_batch_has_one_thread_and_each_message_its_request_id(audience, threaded):
    for request in ("request-1", "request-2"):
        with request_context(request):
            make_incident()

    assert Worker().work()

    assert [(what, request) for what, request, _ in threaded.trace] == [
        ("open", ""),
        *[("send", "request-1")] * 3,
        *[("send", "request-2")] * 3,
        ("close", ""),
    ]
    (thread,) = {thread for _, _, thread in threaded.trace}
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_message_that_hangs_is_retried_and_the_others_get_another_thread(audience, threaded, settings):
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT = 1
    threaded.gate = gate = threading.Event()
    make_incident()
    one = Worker()

    assert one.work()
    assert deliveries() == [(Verdict.RETRYING, 1, None), (Verdict.PENDING, 0, None), (Verdict.PENDING, 0, None)]
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT = 20
    assert one.work()
    assert deliveries() == [(Verdict.RETRYING, 1, None), (Verdict.SENT, 1, None), (Verdict.SENT, 1, None)]

    first, second = threaded.trace[:3], threaded.trace[3:]
    assert [what for what, _, _ in first] == ["open", "send", "close"]
    assert [what for what, _, _ in second] == ["open", "send", "send", "close"]
    stuck = first[1][2]
    assert stuck.is_alive()
    assert stuck not in {first[2][2], *(thread for _, _, thread in second)}
    gate.set()
    stuck.join(60)
    assert not stuck.is_alive()


def test_delivery_is_retried_while_its_medium_is_not_configured(audience, settings):
    make_incident()
    Worker().router.route(worker.Policy(True, frozenset({"EM"})))
    settings.DEFAULT_EMAIL_MEDIA = None

    Worker().work()

    assert {line.verdict for line in Delivery.objects.all()} == {Verdict.RETRYING}
    assert "not configured" in Delivery.objects.first().last_error


def test_no_message_is_started_that_could_outlast_the_lease(audience, settings):
    use(settings, Slow)
    settings.ARGUS_NOTIFICATION_SEND_TIMEOUT, settings.ARGUS_NOTIFICATION_LEASE = 5, 5.5
    make_incident()

    Worker().work()

    assert deliveries() == [(Verdict.SENT, 1, None), (Verdict.PENDING, 0, None), (Verdict.PENDING, 0, None)]


def test_stopped_worker_finishes_one_message_and_releases_the_others(audience, settings):
    use(settings, Stopper)
    Stopper.worker = Worker()
    make_incident()

    Stopper.worker.run()

    assert deliveries() == [(Verdict.SENT, 1, None), (Verdict.PENDING, 0, None), (Verdict.PENDING, 0, None)]


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


def test_notification_read_with_a_query_result_ends_the_sleep(transactional_db, monkeypatch):
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


def test_unexpected_error_does_not_end_the_worker(transactional_db, settings, caplog):
    settings.DEFAULT_EMAIL_MEDIA = "no.such.module"
    one = Worker()
    threading.Timer(0.5, one.stop).start()

    one.run()

    assert "no.such.module" in caplog.text


def test_worker_ends_when_it_is_not_wanted(db):
    Worker().run(is_wanted=lambda: False)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError("a\0b\ud800"), "ValueError: a b\N{REPLACEMENT CHARACTER}"),
        (EmptyTextError(), "EmptyTextError"),
    ],
)
def test_errors_become_text_for_the_delivery_log(error, words):
    assert worker.describe(error) == words


def test_worker_prunes_the_change_feed(audience, monkeypatch):
    one, pruned = Worker(), []
    monkeypatch.setattr("argus.notificationprofile.worker.prune_changes", lambda: pruned.append(True))
    one.work()
    assert pruned == []
    one.pruned -= 61
    one.work()
    one.work()
    assert pruned == [True]
