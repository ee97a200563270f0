"""Stories of programs that use the published client ``pyargus``: ``stories.py URL TOKEN ADMIN_TOKEN``.

Prints a JSON object: the path of the client, and the error of each story. Imports nothing of pytest, Django or Argus:
a client program runs elsewhere.
"""

import asyncio
import json
import random
import sys
import traceback
from datetime import UTC, datetime, timedelta

import pyargus
from pyargus.client import Client
from pyargus.models import Event, Incident
from simple_rest_client.exceptions import AuthError, ClientError, NotFoundError

IS_OLDEST = pyargus.VERSION == "0.2" if hasattr(pyargus, "VERSION") else False
if IS_OLDEST:
    INFINITY, STATELESS = datetime.max, None
else:
    from pyargus.models import STATELESS
    from pyargus.time import LOCAL_INFINITY as INFINITY

START = datetime(2024, 5, 15, 12, tzinfo=UTC)


def new(number=None, **values) -> Incident:
    fine = {
        "start_time": START,
        "end_time": INFINITY,
        "source_incident_id": str(number or random.randrange(10**12)),
        "description": "Netbox 11 is down",
        "details_url": "/netbox/11",
        "tags": {"host": "netbox11", "empty": ""},
    }
    return Incident(**{**fine, **values})


def refusal(expected, do, *args, **kwargs):
    """Return the error of the client, which must be of this class."""
    try:
        done = do(*args, **kwargs)
    except expected as error:
        return error
    raise AssertionError(f"not refused: {done}")


def post_and_read_back(client, admin):
    posted = client.post_incident(new())
    read = client.get_incident(posted.pk)

    assert read == posted
    assert (read.start_time, read.end_time) == (START, INFINITY)
    assert (read.stateful, read.open, read.acked) == (True, True, False)
    assert dict(read.tags) == {"host": "netbox11", "empty": ""}
    assert read.details_url == "https://nav.example.org/netbox/11"
    assert read.source.type == "nav"
    assert read.ticket_url == ""


def stateless_incidents(client, admin):
    posted = client.post_incident(new(end_time=STATELESS))

    assert (posted.stateful, posted.open) == (False, False)
    assert posted.end_time is STATELESS
    assert posted.pk in {incident.pk for incident in client.get_my_incidents(stateful="false", page_size=1000)}


def infinity_of_other_programs(client, admin):
    # Old glue services send datetime.max: as "infinity" in the oldest release, as a time without a zone in the newest.
    assert client.post_incident(new(end_time=datetime.max)).end_time == INFINITY
    assert client.post_incident(new(end_time="infinity")).end_time == INFINITY


def lists_over_several_pages(client, admin):
    mark = f"page{random.randrange(10**9)}"
    posted = [client.post_incident(new(start_time=START + timedelta(seconds=n), tags={"mark": mark})) for n in range(7)]
    newest_first = [incident.pk for incident in reversed(posted)]

    got = [incident.pk for incident in client.get_incidents(tags=f"mark={mark}", page_size=3)]

    # The oldest release never follows the link to the next page.
    assert got == (newest_first[:3] if IS_OLDEST else newest_first)
    assert [i.pk for i in client.get_my_incidents(tags=f"mark={mark}", open="true", page_size=50)] == newest_first
    assert list(client.get_my_incidents(tags=f"mark={mark}", open="false")) == []
    everything = client.get_incidents(open="true", acked="false", stateful="true", tags=f"mark={mark}", page_size=10)
    assert [incident.pk for incident in everything] == newest_first


def plain_lists(client, admin):
    posted = client.post_incident(new())

    for call in (client.api.incidents.list_open, client.api.incidents.list_open_unacked):
        rows = call().body
        assert [Incident.from_json(row) for row in rows if row["pk"] == posted.pk] == [posted]


def updates(client, admin):
    posted = client.post_incident(new())
    change = Incident(
        pk=posted.pk, details_url="/elsewhere", ticket_url="https://tickets.example.org/1", tags={"host": "netbox12"}
    )

    changed = client.update_incident(change)

    assert changed.details_url == "https://nav.example.org/elsewhere"
    assert changed.ticket_url == "https://tickets.example.org/1"
    assert dict(changed.tags) == {"host": "netbox12"}
    assert client.get_incident(posted.pk) == changed
    answer = client.api.incidents.set_ticket_url(posted.pk, body={"ticket_url": "https://tickets.example.org/2"})
    assert answer.body == {"ticket_url": "https://tickets.example.org/2"}


def forbidden_updates(client, admin):
    posted = client.post_incident(new())

    error = refusal(ClientError, client.update_incident, Incident(pk=posted.pk, description="x", tags={"host": "x"}))

    assert list(error.response.body) == ["description"]
    assert client.get_incident(posted.pk) == posted


def events(client, admin):
    posted = client.post_incident(new())
    event = client.post_incident_event(
        posted, Event(type="OTH", timestamp=START + timedelta(hours=1), description="Still down")
    )

    assert (event.type, event.description, event.incident) == ("OTH", "Still down", posted.pk)
    assert client.get_incident_events(posted)[0] == event
    assert [event.type for event in client.get_incident_events(posted.pk)] == ["OTH", "STA"]
    start = client.get_incident_events(posted)[-1]
    assert (start.timestamp, start.description) == (START, posted.description)
    assert client.api.events.retrieve(posted.pk, event.pk).body["description"] == "Still down"


def resolving(client, admin):
    posted = client.post_incident(new())
    resolved = START + timedelta(hours=2)

    event = client.resolve_incident(posted, description="Up again", timestamp=resolved)

    assert event.type == "END"
    ended = client.get_incident(posted.pk)
    assert (ended.open, ended.end_time) == (False, resolved)
    again = refusal(ClientError, client.resolve_incident, posted.pk)
    assert list(again.response.body) == ["type"]
    other = client.post_incident(new())
    assert client.resolve_incident(other).type == "END"


def acknowledgements(client, admin):
    posted = client.post_incident(new())
    body = {"event": {"description": "Looking", "timestamp": "2024-05-15T13:00:00.000Z"}, "expiration": None}

    assert refusal(ClientError, client.api.acknowledgements.create, posted.pk, body=body).response.status_code == 400
    admin.api.acknowledgements.create(posted.pk, body=body)

    (ack,) = client.get_incident_acknowledgements(posted)
    assert (ack.event.type, ack.event.actor, ack.expiration) == ("ACK", "admin", None)
    assert client.get_incident(posted.pk).acked
    assert client.api.acknowledgements.retrieve(posted.pk, ack.pk).body["pk"] == ack.pk
    assert client.get_incident_events(posted)[0].pk == ack.pk


def duplicates(client, admin):
    incident = new()
    client.post_incident(incident)

    error = refusal(ClientError, client.post_incident, incident)

    assert error.response.status_code == 400
    assert "source_incident_id" in str(error.response.body)
    found = list(client.get_my_incidents(source_incident_id=incident.source_incident_id))
    assert [one.source_incident_id for one in found] == [incident.source_incident_id]


def bad_tokens(client, admin):
    for token in ("0" * 40, "nonsense"):
        stranger = Client(client.api.api_root_url, token)
        assert refusal(AuthError, stranger.get_incident, 1).response.status_code == 401
        refusal(AuthError, stranger.post_incident, new())


def unknown_incidents(client, admin):
    refusal(NotFoundError, client.get_incident, 10**15)
    refusal(NotFoundError, client.resolve_incident, 10**15)


def newest_only(client, admin):
    if IS_OLDEST:
        return
    assert client.supports_heartbeat() is False
    posted = client.post_incident(new(level=3, tags={}))
    assert dict(posted.tags) == {}
    assert client.post_incident(new(tags=[("host", "a"), ("host", "b")])).tags.getlist("host") == ["a", "b"]
    # A later server has a type for restarts.
    assert list(refusal(ClientError, client.restart_incident, posted).response.body) == ["type"]


def asynchronous(client, admin):
    if IS_OLDEST:
        return
    from pyargus.async_client import AsyncClient

    async def story():
        caller = AsyncClient(client.api.api_root_url, client.api.headers["Authorization"].split()[1], timeout=10)
        mark = f"async{random.randrange(10**9)}"
        posted = [await caller.post_incident(new(tags={"mark": mark})) for _ in range(5)]
        listed = [incident async for incident in caller.get_my_incidents(tags=f"mark={mark}", page_size=2)]
        assert {incident.pk for incident in listed} == {incident.pk for incident in posted}
        await caller.resolve_incident(posted[0], description="Resolved in Zabbix")
        assert not (await caller.get_incident(posted[0].pk)).open
        assert [event.type for event in await caller.get_incident_events(posted[0])] == ["END", "STA"]
        assert await caller.supports_heartbeat() is False

    asyncio.run(story())


STORIES = [
    post_and_read_back,
    stateless_incidents,
    infinity_of_other_programs,
    lists_over_several_pages,
    plain_lists,
    updates,
    forbidden_updates,
    events,
    resolving,
    acknowledgements,
    duplicates,
    bad_tokens,
    unknown_incidents,
    newest_only,
    asynchronous,
]


def ending(story, *clients) -> str:
    """Return the error of the story, or an empty text."""
    try:
        story(*clients)
    except Exception:
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    _, url, *tokens = sys.argv
    clients = [Client(url, token, timeout=20) for token in tokens]
    print(json.dumps({"client": pyargus.__file__, **{story.__name__: ending(story, *clients) for story in STORIES}}))
