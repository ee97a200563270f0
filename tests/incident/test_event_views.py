"""Events and acknowledgements over REST: request bodies and exact responses."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from argus.incident.models import Event
from tests.factories import INCIDENTS, NOON, make_ack, make_incident
from tests.tables import for_each

EVENT_KEYS = ["pk", "incident", "actor", "timestamp", "received", "type", "description"]
ACK_KEYS = ["pk", "event", "expiration"]
DISPLAY = {
    "STA": "Incident start",
    "END": "Incident end",
    "CLO": "Close",
    "REO": "Reopen",
    "ACK": "Acknowledge",
    "OTH": "Other",
}


@pytest.fixture
def incident(as_source):
    return make_incident(as_source.source, description="Down.")


@pytest.fixture
def events(incident) -> str:
    return f"{INCIDENTS}{incident.pk}/events/"


@pytest.fixture
def acks(incident) -> str:
    return f"{INCIDENTS}{incident.pk}/acks/"


def test_start_event_has_all_keys(as_user, as_source, incident, events):
    [event] = as_user.get(events).json()
    assert list(event) == EVENT_KEYS
    received = datetime.fromisoformat(event.pop("received"))
    assert abs(timezone.now() - received) < timedelta(minutes=10)
    assert event == {
        "pk": Event.objects.get().pk,
        "incident": incident.pk,
        "actor": {"pk": as_source.user.pk, "username": as_source.user.username},
        "timestamp": "2024-05-15T14:00:00+02:00",
        "type": {"value": "STA", "display": "Incident start"},
        "description": "Down.",
    }


def test_response_to_a_posted_event_equals_the_list(as_user, events):
    body = {"timestamp": "2020-02-20 20:02:20.202021", "type": "OTH", "description": "Still ongoing."}
    answer = as_user.post(events, body | {"actor": 1, "received": "x", "incident": 7, "pk": 9, "nonsense": []})
    assert answer.status_code == 201
    event = answer.json()
    assert list(event) == EVENT_KEYS
    assert event["actor"] == {"pk": as_user.user.pk, "username": "operator"}
    assert event["timestamp"] == "2020-02-20T20:02:20.202021+01:00"
    assert (event["type"], event["description"]) == ({"value": "OTH", "display": "Other"}, "Still ongoing.")
    assert as_user.get(f"{events}{event['pk']}/").json() == event
    assert event in as_user.get(events).json()


def test_every_type_has_a_name(as_user, as_source, events, acks):
    as_user.post(events, {"type": "CLO"})
    as_user.post(events, {"type": "REO"})
    as_user.post(acks, {"event": {}})
    as_user.post(events, {"type": "OTH"})
    as_source.post(events, {"type": "END", "timestamp": "2024-05-15 14:00"})
    shown = {event["type"]["value"]: event["type"]["display"] for event in as_user.get(events).json()}
    assert shown == DISPLAY


def test_order_is_by_timestamp_then_pk_newest_first(as_user, events, acks):
    hours = [2, 3, 1, 3]
    for path, wrap in ((events, lambda body: body), (acks, lambda body: {"event": body})):
        told = []
        for hour in hours:
            kind = {} if path == acks else {"type": "OTH"}
            body = wrap({**kind, "timestamp": f"2030-01-01 0{hour}:00"})
            told.append(as_user.post(path, body).json()["pk"])
        shown = [row["pk"] for row in as_user.get(path).json() if row["pk"] in told]
        assert shown == [told[3], told[1], told[0], told[2]]


@pytest.mark.parametrize(
    ("who", "type", "status"),
    [
        *(("source", type, 201 if type in {"END", "OTH"} else 400) for type in DISPLAY),
        *(("user", type, 201 if type in {"CLO", "OTH"} else 400) for type in DISPLAY),
        *(("superuser", type, 201 if type in {"CLO", "OTH"} else 400) for type in DISPLAY),
    ],
)
def test_permissions_to_post_events_to_an_open_incident(as_source, as_user, as_superuser, events, who, type, status):
    client = {"source": as_source, "user": as_user, "superuser": as_superuser}[who]
    answer = client.post(events, {"type": type, "timestamp": "2024-05-15 15:00"})
    assert answer.status_code == status
    if status == 400:
        assert list(answer.json()) == ["type"]
        assert type != "ACK" or "acks/" in answer.json()["type"]
        assert answer.json()["type"] == str(answer.json()["type"])
        assert Event.objects.count() == 1


def test_events_move_the_incident_through_its_states(as_user, as_source, incident, events):
    path = f"{INCIDENTS}{incident.pk}/"
    for client, event_type, status, end_time in (
        (as_user, "REO", 400, "infinity"),
        (as_user, "CLO", 201, "2024-05-15T15:00:00+02:00"),
        (as_user, "CLO", 400, "2024-05-15T15:00:00+02:00"),
        (as_user, "REO", 201, "infinity"),
        (as_source, "END", 201, "2024-05-15T15:00:00+02:00"),
        (as_source, "END", 400, "2024-05-15T15:00:00+02:00"),
        (as_user, "REO", 201, "infinity"),
        (as_source, "END", 400, "infinity"),
        (as_user, "OTH", 201, "infinity"),
    ):
        answer = client.post(events, {"type": event_type, "timestamp": "2024-05-15 15:00"})
        assert answer.status_code == status
        shown = as_user.get(path).json()
        assert (shown["end_time"], shown["open"]) == (end_time, end_time == "infinity")


@pytest.mark.once
@for_each(
    "body, field",
    [
        ({}, "type"),
        *(({"type": value}, "type") for value in (None, "", "clo", "XXX", 1, True, [], {}, "\0")),
        *(({"type": "OTH", "timestamp": value}, "timestamp") for value in (None, "", "2024-05-15", 0, [], "infinity")),
        *(({"type": "OTH", "description": value}, "description") for value in (None, [], {}, True, "\0")),
        ({"type": "CLO", "timestamp": "2024-05-15T11:59:59.999999Z"}, "timestamp"),
    ],
)
def test_invalid_event_is_refused_by_field(as_user, events, body, field):
    answer = as_user.post(events, body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Event.objects.count() == 1


def test_an_end_cut_to_seconds_closes_an_incident_of_the_same_second(as_source, as_user):
    start = "2024-05-15T12:00:00.700000Z"
    one, other = (make_incident(as_source.source, start_time=datetime.fromisoformat(start)) for _ in range(2))
    end = {"type": "END", "timestamp": "2024-05-15T12:00:00Z"}
    answer = as_source.post(f"{INCIDENTS}{one.pk}/events/", end)
    bulk = as_source.post(f"{INCIDENTS}events/bulk/", {"ids": [other.pk], "event": end})
    assert (answer.status_code, answer.json()["timestamp"]) == (201, "2024-05-15T14:00:00+02:00")
    assert bulk.json()["changes"][str(other.pk)]["status"] == 201
    assert as_user.get(f"{INCIDENTS}open/").json() == []
    # Both events are listed at the time that was said: the end is older than the start.
    assert [event["type"]["value"] for event in as_user.get(f"{INCIDENTS}{one.pk}/events/").json()] == ["STA", "END"]
    for query in ("open=false", f"end_time__lte={start}", f"end_time__gte={start}", "end_time__isnull=false"):
        rows = as_user.get(f"{INCIDENTS}?{query}").json()["results"]
        assert [(row["pk"], row["end_time"]) for row in rows] == [
            (pk, "2024-05-15T14:00:00.700000+02:00") for pk in (other.pk, one.pk)
        ]
    # A user reopens and closes it as any other incident.
    for event_type in ("REO", "CLO"):
        assert as_user.post(f"{INCIDENTS}{one.pk}/events/", {"type": event_type}).status_code == 201


def test_timestamp_is_required_of_sources_only(as_source, as_user, events):
    answer = as_source.post(events, {"type": "END"})
    assert (answer.status_code, list(answer.json())) == (400, ["timestamp"])
    before = timezone.now()
    event = as_user.post(events, {"type": "CLO"}).json()
    assert before <= datetime.fromisoformat(event["timestamp"]) <= timezone.now()


def test_response_to_a_posted_ack_equals_the_list(as_user, incident, acks):
    body = {
        "event": {"timestamp": "2011-11-11 11:11:11.235877", "description": "Looking into it.", "type": "ACK"},
        "expiration": "2011-11-13 12:00:00",
    }
    answer = as_user.post(acks, body | {"description": "no", "timestamp": "no", "nonsense": 1})
    assert answer.status_code == 201
    ack = answer.json()
    assert list(ack) == ACK_KEYS
    assert list(ack["event"]) == EVENT_KEYS
    assert ack["pk"] == ack["event"]["pk"]
    assert ack["expiration"] == "2011-11-13T12:00:00+01:00"
    assert ack["event"]["timestamp"] == "2011-11-11T11:11:11.235877+01:00"
    assert ack["event"]["type"] == {"value": "ACK", "display": "Acknowledge"}
    assert as_user.get(f"{acks}{ack['pk']}/").json() == ack
    assert as_user.get(acks).json() == [ack]
    assert ack["event"] in as_user.get(f"{INCIDENTS}{incident.pk}/events/").json()
    assert as_user.get(f"{INCIDENTS}{incident.pk}/").json()["acked"] is False


@pytest.mark.parametrize(
    "body", [{"event": {}}, {"event": {}, "expiration": None}, {"event": {"type": "ACK"}}], ids=str
)
def test_empty_ack_never_expires(as_user, incident, acks, body):
    ack = as_user.post(acks, body).json()
    assert ack["expiration"] is None
    assert ack["event"]["description"] == ""
    assert as_user.get(f"{INCIDENTS}{incident.pk}/").json()["acked"] is True
    assert as_user.get(f"{INCIDENTS}open+unacked/").json() == []


def test_expired_ack_does_not_hide_the_incident(as_user, incident, acks):
    make_ack(incident, timestamp=NOON, expiration=NOON + timedelta(hours=1))
    for path in ("open+unacked/", "open+unacked/?page_size=5", "?acked=false"):
        answer = as_user.get(f"{INCIDENTS}{path}").json()
        rows = answer if isinstance(answer, list) else answer["results"]
        assert [row["pk"] for row in rows] == [incident.pk]


@pytest.mark.once
@for_each(
    "body, field",
    [
        ({}, "event"),
        *(({"event": value}, "event") for value in (None, [], "x", 1, {"type": "OTH"}, {"timestamp": "x"})),
        *(({"event": {"description": value}}, "event") for value in (None, [], "\0")),
        *(({"event": {}, "expiration": value}, "expiration") for value in ("", "x", "infinity", 0, [], "2024-05-15")),
        ({"event": {}, "expiration": "2024-05-15 14:00"}, "non_field_errors"),
        (
            {"event": {"timestamp": "2024-05-15 14:00"}, "expiration": "2024-05-15T12:00:00.000000Z"},
            "non_field_errors",
        ),
    ],
)
def test_invalid_ack_is_refused_by_field(as_user, acks, body, field):
    answer = as_user.post(acks, body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Event.objects.count() == 1


def test_sources_cannot_ack_any_incident(as_source, as_other_source, acks):
    for client in (as_source, as_other_source):
        answer = client.post(acks, {"event": {"timestamp": "2024-05-15 14:00"}})
        assert (answer.status_code, list(answer.json())) == (400, ["type"])
        assert isinstance(answer.json()["type"], str)


@pytest.mark.once
def test_events_and_acks_are_accepted_as_forms(as_user, as_source, events, acks):
    form = {"type": "END", "timestamp": "2024-05-15 15:00", "description": "Up"}
    assert as_source.post(events, form, format="multipart").status_code == 201
    answer = as_user.post(
        acks,
        "event.description=On+it&expiration=2099-01-01+00:00",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 201
    assert answer.json()["event"]["description"] == "On it"
