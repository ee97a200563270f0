"""One change to many incidents, as the published frontend sends it."""

import pytest

from argus.incident.models import Event, Incident
from tests.factories import INCIDENTS, make_client, make_event, make_incident, make_incidents, make_source

V2 = "/api/v2/incidents/"
# The body of the frontend, with both shapes of an acknowledgement.
ACK = {
    "event": {"description": "Mine.", "timestamp": "2024-05-15T12:00:00.000Z"},
    "timestamp": "2024-05-15T12:00:00.000Z",
    "description": "Mine.",
    "expiration": None,
}


@pytest.fixture(params=[INCIDENTS, V2])
def post(as_user, request):
    """Post as a user and return the results by pk."""

    def post_all(path: str, body: dict, client=as_user) -> dict:
        response = client.post(f"{request.param}{path}/bulk/", body)
        assert response.status_code == 201, response.content
        assert list(response.json()) == ["changes"]
        return {int(pk): change for pk, change in response.json()["changes"].items()}

    return post_all


def pks(incidents) -> list[int]:
    return [incident.pk for incident in incidents]


def test_acks_of_all_incidents(as_user, post):
    incidents = make_incidents(3)
    changes = post("acks", {"ids": pks(incidents), "ack": ACK})
    for incident in incidents:
        change = changes[incident.pk]
        assert (change["status"], change["errors"]) == (201, None)
        assert [change["ack"]] == as_user.get(f"{INCIDENTS}{incident.pk}/acks/").json()
        assert change["ack"]["event"]["description"] == "Mine."
    assert Incident.objects.acked().count() == 3


@pytest.mark.parametrize("ack", [{"event": {}}, {"description": "Flat."}, {}])
def test_every_shape_of_an_ack_is_accepted(post, ack):
    incident = make_incident()
    change = post("acks", {"ids": [incident.pk], "ack": ack})[incident.pk]
    assert change["ack"]["event"]["description"] == ack.get("description", "")


def test_all_are_closed_except_one_that_was_closed_before(post):
    incidents = make_incidents(3)
    make_event(incidents[1], "CLO")
    body = {"ids": pks(incidents), "event": {"type": "CLO", "description": "Done."}, "timestamp": "2024-05-15 14:00:00"}
    changes = post("events", body)
    assert [changes[pk]["status"] for pk in pks(incidents)] == [201, 400, 201]
    assert changes[incidents[0].pk]["event"]["type"]["value"] == "CLO"
    assert changes[incidents[1].pk]["event"] is None
    assert list(changes[incidents[1].pk]["errors"]) == ["type"]
    assert not Incident.objects.open().exists()


def test_ticket_of_all_incidents(post):
    incidents = make_incidents(2)
    changes = post("ticket_url", {"ids": pks(incidents), "ticket_url": "https://example.org/1"})
    assert {change["ticket_url"] for change in changes.values()} == {"https://example.org/1"}
    assert set(Incident.objects.values_list("ticket_url", flat=True)) == {"https://example.org/1"}


def test_missing_and_restricted_incidents_are_404(post):
    seen, hidden = make_incident(), make_incident(restricted=True)
    changes = post("events", {"ids": [hidden.pk, seen.pk, 10**9], "event": {"type": "CLO"}})
    assert {pk: change["status"] for pk, change in changes.items()} == {seen.pk: 201, hidden.pk: 404, 10**9: 404}
    assert changes[hidden.pk]["errors"] == changes[10**9]["errors"] == {"detail": "Not found."}


def test_repeated_id_is_changed_once(post):
    incident = make_incident()
    assert post("events", {"ids": [incident.pk] * 2, "event": {"type": "OTH"}})[incident.pk]["status"] == 201
    assert incident.events.count() == 2


def test_source_changes_its_own_incidents_only(post):
    source = make_source()
    own, foreign = make_incident(source), make_incident()
    event = {"type": "END", "timestamp": "2024-05-16T14:00:00Z"}
    changes = post("events", {"ids": [own.pk, foreign.pk], "event": event}, make_client(source.user))
    assert {pk: change["status"] for pk, change in changes.items()} == {own.pk: 201, foreign.pk: 403}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("events", {"event": {"type": "CLO"}}, "ids"),
        ("events", {"ids": [0], "event": {"type": "CLO"}}, "ids"),
        ("events", {"ids": ["x"], "event": {"type": "CLO"}}, "ids"),
        ("events", {"ids": [1] * 1001, "event": {"type": "CLO"}}, "ids"),
        ("events", {"ids": [1], "event": {"type": "XXX"}}, "event"),
        ("events", {"ids": [1], "event": None}, "event"),
        ("acks", {"ids": [1]}, "ack"),
        ("acks", {"ids": [1], "ack": {"expiration": "soon"}}, "ack"),
        ("ticket_url", {"ids": [1]}, "ticket_url"),
    ],
)
def test_invalid_body_is_refused_by_field(as_user, path, body, field):
    response = as_user.post(f"{INCIDENTS}{path}/bulk/", body)
    assert response.status_code == 400
    assert list(response.json()) == [field]


def test_invalid_ticket_is_refused_for_each_incident(post):
    incident = make_incident()
    change = post("ticket_url", {"ids": [incident.pk], "ticket_url": "ftp://example.org"})[incident.pk]
    assert (change["status"], list(change["errors"])) == (400, ["ticket_url"])


def test_idempotency_key_is_accepted(as_user):
    incidents = make_incidents(2)
    body = {"ids": pks(incidents), "event": {"type": "OTH"}}
    first, again = (as_user.post(f"{V2}events/bulk/", body, HTTP_IDEMPOTENCY_KEY="key") for _ in range(2))
    assert first.json() == again.json()
    assert Event.objects.filter(type="OTH").count() == 2
