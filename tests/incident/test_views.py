"""Incidents over REST: request bodies and exact responses."""

import pytest

from argus.incident.models import Event, Incident
from tests.factories import INCIDENTS, incident_body, make_client, make_source, make_superuser
from tests.tables import for_each

INCIDENT_KEYS = [
    *("pk", "start_time", "end_time", "source", "source_incident_id", "details_url", "description", "ticket_url"),
    *("tags", "stateful", "open", "acked"),
]
SOURCE_KEYS = ["pk", "name", "type", "user", "base_url"]
EVENT_KEYS = ["pk", "incident", "actor", "timestamp", "received", "type", "description"]


def test_response_to_a_posted_incident_has_all_keys(as_source):
    body = incident_body(
        start_time="2011-11-11 11:11:11.11111",
        source_incident_id=12345,
        details_url="/api/alerts/12345/",
        ticket_url="https://tickettracker.com/tickets/987654/",
    )
    answer = as_source.post(INCIDENTS, body | {"level": 3, "metadata": {}, "pk": 7, "acked": True, "open": False})
    incident = answer.json()
    source = as_source.source
    assert answer.status_code == 201
    assert list(incident) == INCIDENT_KEYS
    added_times = [tag.pop("added_time") for tag in incident["tags"]]
    assert all("T" in time and time[-6:] in {"+01:00", "+02:00"} for time in added_times)
    assert incident == {
        "pk": Incident.objects.get().pk,
        "start_time": "2011-11-11T11:11:11.111110+01:00",
        "end_time": "infinity",
        "source": {
            "pk": source.pk,
            "name": "nav.example.org",
            "type": {"name": "nav"},
            "user": source.user_id,
            "base_url": "https://nav.example.org",
        },
        "source_incident_id": "12345",
        "details_url": "https://nav.example.org/api/alerts/12345/",
        "description": "Netbox 11 <12345> down.",
        "ticket_url": "https://tickettracker.com/tickets/987654/",
        "tags": [
            {"added_by": source.user_id, "tag": "object=Netbox 4"},
            {"added_by": source.user_id, "tag": "problem_type=boxDown"},
        ],
        "stateful": True,
        "open": True,
        "acked": False,
    }


def test_incident_has_one_representation_everywhere(as_source, as_user, post_incident):
    incident = post_incident()
    path = f"{INCIDENTS}{incident['pk']}/"
    assert as_user.get(path).json() == incident
    assert as_user.patch(path, {}).json() == incident
    for page in ("", "mine/", "open/?page_size=1"):
        assert as_source.get(f"{INCIDENTS}{page}").json()["results"] == [incident]
    for array in ("open/", "open+unacked/"):
        assert as_user.get(f"{INCIDENTS}{array}").json() == [incident]
    for part, keys in ((incident["source"], SOURCE_KEYS), (incident["tags"][0], ["added_by", "added_time", "tag"])):
        assert list(part) == keys


def test_minimal_body_creates_a_stateless_incident(as_source):
    incident = as_source.post(
        INCIDENTS, {"start_time": "2024-05-15T14:00Z", "source_incident_id": "1", "tags": []}
    ).json()
    assert incident["end_time"] is None
    assert (incident["stateful"], incident["open"], incident["acked"], incident["tags"]) == (False, False, False, [])
    assert (incident["description"], incident["ticket_url"]) == ("", "")


@pytest.mark.once
@pytest.mark.parametrize("end_time", ["infinity", "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999Z"])
def test_every_spelling_of_infinity_is_accepted(post_incident, end_time):
    incident = post_incident(end_time=end_time)
    assert (incident["end_time"], incident["stateful"], incident["open"]) == ("infinity", True, True)


@pytest.mark.parametrize(
    ("start_time", "end_time", "shown", "is_open"),
    [
        ("2024-05-15 14:00", "2024-05-15 14:00", "2024-05-15T14:00:00+02:00", False),
        ("2024-05-15 14:00", "2024-05-15T12:00:00.000001Z", "2024-05-15T14:00:00.000001+02:00", False),
        ("2024-05-15 14:00", "9999-12-31T23:59:59", "9999-12-31T23:59:59+01:00", True),
    ],
)
def test_end_is_not_before_the_start(post_incident, start_time, end_time, shown, is_open):
    incident = post_incident(start_time=start_time, end_time=end_time)
    assert (incident["end_time"], incident["open"], incident["stateful"]) == (shown, is_open, True)


@pytest.mark.once
@for_each(
    "overrides, field",
    [
        *(({name: ...}, name) for name in ("start_time", "source_incident_id", "tags")),
        *(({name: None}, name) for name in ("start_time", "source_incident_id", "tags", "description", "details_url")),
        *(({"start_time": value}, "start_time") for value in ("", "2024-05-15", 1, True, [], {}, "infinity")),
        *(({"end_time": value}, "end_time") for value in ("2024-05-15T11:59:59.999999Z", "-infinity", "Infinity", 0)),
        ({"end_time": "0001-01-01T00:00:00"}, "end_time"),
        *(({"source_incident_id": value}, "source_incident_id") for value in ("", " ", True, [], {}, "x" * 2001, "\0")),
        *(({"ticket_url": value}, "ticket_url") for value in ("x", "javascript:alert(1)", 7, None, [])),
        *(({"details_url": value}, "details_url") for value in ("http://[", [], {}, "\0")),
        *(({"description": value}, "description") for value in ([], {}, False, "\0")),
        *(({"tags": value}, "tags") for value in ("a=b", {"tag": "a=b"}, 1, [None], ["a=b"], [{}], [{"tag": None}])),
        *(({"tags": [{"tag": value}]}, "tags") for value in ("", "a", "A=b", 1, [], "a=\0")),
        *(({"source": value}, "source") for value in ("x", [], {}, 1.5, 2**63)),
    ],
)
def test_invalid_value_is_refused_by_field_and_nothing_is_stored(as_source, overrides, field):
    answer = as_source.post(INCIDENTS, incident_body(**overrides))
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert not Incident.objects.exists()


@pytest.mark.once
def test_invalid_tags_have_one_error_each(as_source):
    answer = as_source.post(
        INCIDENTS, incident_body(tags=[{"tag": "a=b"}, {"tag": "B=c"}, {}, None, "x", {"tag": "d="}])
    )
    good, bad, missing, null, text, good_too = answer.json()["tags"]
    assert good == good_too == {}
    assert list(bad) == list(missing) == ["tag"]
    assert list(null) == list(text) == ["non_field_errors"]
    answer = as_source.post(INCIDENTS, incident_body(tags={"tag": "a=b"}))
    assert list(answer.json()["tags"]) == ["non_field_errors"]


def test_duplicate_source_incident_id_is_refused(as_source, post_incident):
    incident = post_incident(source_incident_id="7")
    answer = as_source.post(INCIDENTS, incident_body(source_incident_id=7))
    assert answer.status_code == 400
    [message] = answer.json()["source_incident_id"]
    assert "source_incident_id" in message
    assert "constraint" not in answer.content.decode()
    assert as_source.get(f"{INCIDENTS}mine/").json()["results"] == [incident]
    assert Event.objects.count() == 1


def test_superuser_posts_for_the_named_source(as_superuser, as_source):
    incident = as_superuser.post(INCIDENTS, incident_body(source=as_source.source.pk)).json()
    assert incident["source"]["pk"] == as_source.source.pk
    assert {tag["added_by"] for tag in incident["tags"]} == {as_superuser.user.pk}
    [start] = as_superuser.get(f"{INCIDENTS}{incident['pk']}/events/").json()
    assert start["actor"]["pk"] == as_source.source.user_id


def test_other_users_need_a_source_and_may_not_name_one(as_superuser, as_source, as_user):
    own = as_source.source.pk
    cases = [(as_source, own), (as_source, 10**9), (as_user, own), (as_user, ...), (as_user, None)]
    cases += [(as_superuser, ...), (as_superuser, None), (as_superuser, 10**9)]
    for client, source in cases:
        answer = client.post(INCIDENTS, incident_body(source=source))
        assert answer.status_code == 400
        assert [type(message) for message in answer.json()] == [str]
    assert not Incident.objects.exists()
    assert as_source.post(INCIDENTS, incident_body(source=None)).status_code == 201


def test_superuser_with_a_source_posts_for_it_or_for_others(as_source, db):
    source = make_source()
    source.user.is_superuser = True
    source.user.save()
    client = make_client(source.user)
    assert client.post(INCIDENTS, incident_body()).json()["source"]["pk"] == source.pk
    other = as_source.source.pk
    assert client.post(INCIDENTS, incident_body(source=other)).json()["source"]["pk"] == other


@pytest.mark.once
@pytest.mark.parametrize(
    ("base_url", "details_url", "shown"),
    [
        ("https://nav.example.org", "/alerts/1", "https://nav.example.org/alerts/1"),
        ("https://nav.example.org/nav/", "alerts/1?a=b#c", "https://nav.example.org/nav/alerts/1?a=b#c"),
        ("https://nav.example.org/nav", "alerts/1", "https://nav.example.org/alerts/1"),
        ("https://nav.example.org/nav/", "../x", "https://nav.example.org/x"),
        ("https://nav.example.org", "https://other.example.org/x", "https://other.example.org/x"),
        ("https://nav.example.org", "//other.example.org/x", "https://other.example.org/x"),
        ("https://nav.example.org/x", "?a=b", "https://nav.example.org/x?a=b"),
        ("https://nav.example.org/x", "", ""),
        ("", "alerts/1", "alerts/1"),
        ("", "", ""),
        ("", "any text", "any text"),
    ],
)
def test_details_url_is_resolved_like_in_a_browser(db, post_incident, base_url, details_url, shown):
    client = make_client(make_source(base_url=base_url).user)
    incident = post_incident(client, details_url=details_url)
    assert incident["details_url"] == shown
    assert client.get(f"{INCIDENTS}{incident['pk']}/").json()["details_url"] == shown


def test_invalid_stored_urls_are_shown(as_user, post_incident):
    incident = post_incident()["pk"]
    Incident.objects.update(details_url="http://[")
    assert as_user.get(f"{INCIDENTS}{incident}/").json()["details_url"] == "http://["
    assert as_user.get(INCIDENTS).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"description": "x"},
        {"nonsense": 1},
        {name: None for name in INCIDENT_KEYS if name not in {"details_url", "ticket_url", "tags"}},
        {"ticket_url": "https://a/", "end_time": None, "level": 1},
        {"tags": [], "start_time": "nonsense"},
    ],
    ids=",".join,
)
def test_patch_of_other_fields_has_a_sentence_for_each(as_source, post_incident, body):
    incident = post_incident()
    path = f"{INCIDENTS}{incident['pk']}/"
    answer = as_source.patch(path, body)
    assert answer.status_code == 400
    assert set(answer.json()) == set(body) - {"ticket_url", "tags"}
    assert {type(message) for message in answer.json().values()} == {str}
    assert as_source.get(path).json() == incident


@pytest.mark.once
@for_each("name", ["details_url", "ticket_url", "tags"])
@for_each("value", [None, True, {}])
def test_patch_with_an_invalid_value_is_refused_by_field(as_source, post_incident, name, value):
    answer = as_source.patch(f"{INCIDENTS}{post_incident()['pk']}/", {name: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [name]


def test_removing_a_tag_of_another_user_is_refused_by_tag(as_user, post_incident):
    incident = post_incident()
    path = f"{INCIDENTS}{incident['pk']}/"
    answer = as_user.patch(path, {"tags": [{"tag": "object=Netbox 4"}, {"tag": "new=1"}], "details_url": "x"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["problem_type=boxDown"]
    assert type(answer.json()["problem_type=boxDown"]) is str
    assert as_user.get(path).json() == incident
    answer = make_client(make_superuser()).patch(path, {"tags": []})
    assert answer.json() == incident | {"tags": []}


def test_put_of_the_ticket(as_user, post_incident):
    incident = post_incident()
    path = f"{INCIDENTS}{incident['pk']}/"
    url = "https://tickets.example.org/1"
    answer = as_user.put(f"{path}ticket_url/", {"ticket_url": url, "details_url": "x", "nonsense": 1})
    assert (answer.status_code, answer.json()) == (200, {"ticket_url": url})
    assert as_user.get(path).json() == incident | {"ticket_url": url}
    assert as_user.put(f"{path}ticket_url/", {"ticket_url": ""}).json() == {"ticket_url": ""}
    for body in (
        {},
        {"ticket_url": None},
        {"ticket_url": "x"},
        {"ticket_url": "javascript:alert(1)"},
        {"ticket_url": []},
    ):
        answer = as_user.put(f"{path}ticket_url/", body)
        assert (answer.status_code, list(answer.json())) == (400, ["ticket_url"])
