"""Every URL of incidents and sources: permissions, methods and formats."""

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission

from argus.auth.models import User
from tests.factories import INCIDENTS, incident_body, make_ack, make_client, make_incident
from tests.tables import for_each

pytestmark = pytest.mark.once

# URL: its methods.
ADDRESSES = {
    "": {"GET", "POST"},
    "mine/": {"GET", "POST"},
    "open/": {"GET"},
    "open+unacked/": {"GET"},
    "metadata/": {"GET"},
    "sources/": {"GET", "POST"},
    "sources/{source}/": {"GET", "PUT", "PATCH"},
    "source-types/": {"GET", "POST"},
    "{pk}/": {"GET", "PATCH"},
    "{pk}/ticket_url/": {"PUT"},
    "{pk}/events/": {"GET", "POST"},
    "{pk}/events/{event}/": {"GET"},
    "{pk}/acks/": {"GET", "POST"},
    "{pk}/acks/{event}/": {"GET"},
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
READABLE = [address for address, methods in ADDRESSES.items() if "GET" in methods]
OTHERS = [(address, method) for address, known in ADDRESSES.items() for method in METHODS if method not in known]


@pytest.fixture
def at(as_source):
    """Return a function that fills in a URL: for an incident of ``as_source`` with one ack."""
    incident = make_incident(as_source.source, tags=["a=b"], details_url="x", description="Down")
    ack = make_ack(incident)
    return lambda address: INCIDENTS + address.format(pk=incident.pk, event=ack.pk, source=as_source.source.pk)


@for_each("address", ADDRESSES)
@for_each("method", [*METHODS, "HEAD", "OPTIONS"])
def test_anonymous_requests_are_401(as_stranger, at, address, method):
    answer = as_stranger.generic(method, at(address), data="{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    if method != "HEAD":
        assert list(answer.json()) == ["detail"]


@for_each("header", ["Token", "Token x y", "Token " + "0" * 40, "Bearer x", "Token \xff"])
def test_invalid_token_is_401(as_stranger, db, header):
    answer = as_stranger.get(INCIDENTS, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"


@for_each("address", READABLE)
def test_every_token_may_read_everything(as_user, as_source, as_other_source, as_superuser, at, address):
    for client in (as_user, as_source, as_other_source, as_superuser):
        answer = client.get(at(address))
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        answer = client.head(at(address))
        assert (answer.status_code, answer.content) == (200, b"")


@for_each("address, method", OTHERS)
def test_other_methods_are_405(as_superuser, at, address, method):
    answer = as_superuser.generic(method, at(address), data="{}", content_type="application/json")
    assert answer.status_code == 405
    assert list(answer.json()) == ["detail"]


@for_each("address", ADDRESSES)
def test_options_describe_the_url(as_superuser, at, address):
    answer = as_superuser.options(at(address))
    assert answer.status_code == 200
    assert {"name", "description", "renders", "parses"} <= set(answer.json())
    assert set(answer["Allow"].split(", ")) >= ADDRESSES[address]


@for_each("address", ADDRESSES)
def test_browsers_get_html(as_browser, at, address):
    answer = as_browser.get(at(address))
    assert answer.status_code == (200 if "GET" in ADDRESSES[address] else 405)
    assert answer["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("address", "form", "status"),
    [
        ("{pk}/events/", {"type": "OTH", "description": "A note", "timestamp": ""}, 201),
        ("{pk}/events/", {"type": "OTH", "timestamp": "2024-05-15 14:00"}, 201),
        ("{pk}/events/", {"type": "CLO"}, 201),
        ("{pk}/events/", {"type": "REO"}, 400),
        ("{pk}/events/", {}, 400),
        ("{pk}/acks/", {"event.description": "On it", "event.timestamp": "", "expiration": ""}, 201),
        ("{pk}/acks/", {"event.type": "ACK"}, 201),
        ("{pk}/acks/", {}, 400),
        ("source-types/", {"name": "new"}, 201),
        ("sources/", {"name": "new", "type": "nav", "base_url": "", "username": ""}, 201),
        ("sources/", {"name": "new", "type.name": "nav"}, 400),
        ("", {"source": "{source}", "start_time": "2024-05-15 14:00", "source_incident_id": "7", "end_time": ""}, 400),
        (
            "",
            {
                "source": "{source}",
                "start_time": "2024-05-15 14:00",
                "end_time": "infinity",
                "source_incident_id": "7",
                "details_url": "",
                "tags[0]tag": "a=b",
                "tags[1]tag": "c=d",
            },
            201,
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("format", ["multipart", "urlencoded"])
def test_forms_are_accepted_like_json(as_browser, at, address, form, status, format):
    source = at("sources/{source}/").rsplit("/", 2)[1]
    form = {name: value.format(source=source) for name, value in form.items()}
    if format == "multipart":
        answer = as_browser.post(at(address), form, format="multipart")
    else:
        answer = as_browser.post(at(address), urlencode(form), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == status, answer.content.decode()[-3_000:]
    assert answer["Content-Type"] == "text/html; charset=utf-8"


def test_form_changes_tags_and_ticket(as_superuser, at):
    answer = as_superuser.patch(at("{pk}/"), {"tags[0]tag": "new=1", "details_url": "y"}, format="multipart")
    assert answer.status_code == 200
    assert ([tag["tag"] for tag in answer.json()["tags"]], answer.json()["details_url"]) == (
        ["new=1"],
        "https://nav.example.org/y",
    )
    answer = as_superuser.put(at("{pk}/ticket_url/"), {"ticket_url": ""}, format="multipart")
    assert (answer.status_code, answer.json()) == (200, {"ticket_url": ""})


CHANGES = [
    ("patch", "{pk}/", {"details_url": "y"}, 200),
    ("patch", "{pk}/", {}, 200),
    ("put", "{pk}/ticket_url/", {"ticket_url": "https://tickets.example.org/1"}, 200),
    ("post", "{pk}/events/", {"type": "OTH", "timestamp": "2024-05-15 14:00"}, 201),
]


@pytest.mark.parametrize(("method", "address", "body", "status"), CHANGES)
def test_incidents_are_changed_by_their_source_and_by_users(
    as_source, as_user, as_superuser, at, method, address, body, status
):
    for client in (as_source, as_user, as_superuser):
        assert getattr(client, method)(at(address), body).status_code == status


@pytest.mark.parametrize(("method", "address", "body", "status"), CHANGES)
def test_other_sources_need_the_permission_to_change(as_other_source, at, method, address, body, status):
    answer = getattr(as_other_source, method)(at(address), body)
    assert answer.status_code == 403
    assert list(answer.json()) == ["detail"]
    as_other_source.user.user_permissions.add(Permission.objects.get(codename="change_incident"))
    answer = getattr(make_client(User.objects.get(pk=as_other_source.user.pk)), method)(at(address), body)
    assert answer.status_code == status


@pytest.mark.parametrize("address", ["", "mine/"])
def test_both_lists_accept_incidents(as_source, address):
    answer = as_source.post(f"{INCIDENTS}{address}", incident_body())
    assert answer.status_code == 201
    assert as_source.get(f"{INCIDENTS}{answer.json()['pk']}/").json() == answer.json()


@pytest.mark.both
@for_each("address", [address for address in ADDRESSES if "{pk}" in address])
def test_history_of_a_missing_incident_is_404(as_user, at, address):
    path = INCIDENTS + address.format(pk=10**9, event=10**9)
    for method, body in (
        ("get", None),
        ("post", {"type": "OTH"}),
        ("post", {"event": {}}),
        ("post", {}),
        ("patch", {}),
        ("put", {"ticket_url": ""}),
        ("put", {}),
    ):
        if method.upper() in ADDRESSES[address]:
            answer = getattr(as_user, method)(path, body)
            assert (answer.status_code, list(answer.json())) == (404, ["detail"])


@pytest.mark.both
def test_events_and_acks_of_another_incident_are_404(as_user, at):
    other = make_ack(make_incident())
    for address in ("{pk}/events/%d/", "{pk}/acks/%d/"):
        assert as_user.get(at(address) % other.pk).status_code == 404


def test_other_events_are_not_listed_as_acks(as_user, post_incident):
    incident = post_incident()["pk"]
    [start] = as_user.get(f"{INCIDENTS}{incident}/events/").json()
    assert as_user.get(f"{INCIDENTS}{incident}/events/{start['pk']}/").json() == start
    assert as_user.get(f"{INCIDENTS}{incident}/acks/{start['pk']}/").status_code == 404
    assert as_user.get(f"{INCIDENTS}{incident}/acks/").json() == []
