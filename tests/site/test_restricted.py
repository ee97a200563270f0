"""A restricted incident is invisible at every URL of API v1 to users and sources without permission."""

import json
import re

import pytest
from django.urls import get_resolver

from argus.auth.models import PhoneNumber
from tests.factories import INCIDENTS, NOON, make_ack, make_client, make_event, make_incident, make_source, make_user
from tests.notificationprofile.factories import PREVIEW, make_filter, make_line, make_profile, make_timeslot

pytestmark = [pytest.mark.django_db, pytest.mark.once]

FIRST_API = "api/v1/"
OF_AN_INCIDENT = f"{FIRST_API}incidents/<int:pk>/"
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
MISSING = 987654321
SECRET = ["customer=secret", "severity=Error"]


def routes_of(patterns, prefix: str = "") -> list[str]:
    """Return all routes, as the site's own table of addresses has them."""
    routes = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        routes += routes_of(pattern.url_patterns, route) if hasattr(pattern, "url_patterns") else [route]
    return routes


ROUTES = [route for route in routes_of(get_resolver().url_patterns) if route.startswith(FIRST_API)]
BELOW = [route for route in ROUTES if route.startswith(OF_AN_INCIDENT)]
# The description and its page are made from the code, not from rows, and take their time.
OTHERS = [route for route in ROUTES if route not in BELOW and not route.endswith(("schema/", "docs/"))]
FILTERS = [
    f"{INCIDENTS}?page_size=1",
    f"{INCIDENTS}?open=true",
    f"{INCIDENTS}?acked=true",
    f"{INCIDENTS}?tags=customer=secret",
    f"{INCIDENTS}?source_incident_id=hidden",
    f"{INCIDENTS}?start_time__gte=2024-05-15T12:00:00Z",
    f"{INCIDENTS}mine/?open=true",
    f"{INCIDENTS}open/?page_size=1",
    f"{INCIDENTS}open+unacked/?page_size=1",
]
# A body that each method takes, at whichever of the addresses below an incident.
JSON, BODY = (
    "application/json",
    json.dumps(
        {
            "type": "OTH",
            "timestamp": "2024-05-15T14:00:00Z",
            "description": "x",
            "ticket_url": "https://example.org/1",
            "tags": [{"tag": "a=b"}],
        }
    ),
)


@pytest.fixture
def source():
    return make_source("watcher")


@pytest.fixture(params=["person", "source"])
def outsider(request, source):
    """A user without staff rights who is notified of everything, or the incident's own source."""
    user = source.user if request.param == "source" else make_user("outsider")
    PhoneNumber.objects.create(user=user, phone_number="+4767676767")
    make_profile(user, timeslot=make_timeslot(user, "Always"), filters=[make_filter(user, "Everything")])
    return make_client(user)


@pytest.fixture
def hide(source, outsider):
    """Create a restricted incident with tags, events, an ack and a delivery."""
    make_incident(source, start_time=NOON, tags=["host=known"], description="Public")

    def happen():
        incident = make_incident(
            source, source_incident_id="hidden", tags=SECRET, description="For few eyes only", restricted=True
        )
        make_event(incident)
        incident.ack = make_ack(incident)
        make_line(incident.ack.event, outsider.user)
        return incident

    return happen


@pytest.fixture
def staff():
    return make_client(make_user("boss", is_staff=True))


def fill(route: str, client, *, incident=MISSING, event=MISSING) -> str:
    """Put keys into a route: those of an incident, or of something of the caller's own."""
    if route in BELOW:
        return "/" + route.replace("<int:pk>", str(incident)).replace("<int:event_pk>", str(event))
    route = route.replace("<text:source_incident_id>", "hidden")
    own = {
        "incidents/sources/": client.source,
        "timeslots/": client.user.timeslots.last(),
        "filters/": client.user.filters.last(),
        "phone-number/": client.user.phone_numbers.last(),
        "notificationprofiles/": client.user.notification_profiles.last().timeslot,
        "users/": client.user,
    }
    row = next(row for part, row in own.items() if part in route) if "<int:pk>" in route else None
    return "/" + route.replace("<int:pk>", str(row.pk if row else MISSING))


def seen(answer) -> tuple:
    """All that a client gets to see."""
    # Every request has its own id; "Expires" of an answer that must not be cached is its time.
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Expires")}
    return answer.status_code, headers, answer.getvalue()


def read_everything(client) -> dict[str, tuple]:
    """Ask for everything that can be read without naming an incident."""
    paths = [fill(route, client) for route in OTHERS] + FILTERS
    answers = {f"{method} {path}": seen(client.generic(method, path)) for path in paths for method in METHODS[:3]}
    return answers | {"preview": seen(client.post(PREVIEW, {"sourceSystemIds": [], "tags": []}))}


def test_table_of_urls_is_complete():
    assert len(BELOW) >= 7
    assert len(OTHERS) >= 20
    assert not [route for route in ROUTES if re.search("<(?!int:pk|int:event_pk|text:source_incident_id)", route)]


@pytest.mark.both
def test_lists_counts_and_links_do_not_reveal_it(outsider, hide):
    before = read_everything(outsider)
    hide()
    assert read_everything(outsider) == before


def test_staff_see_it(outsider, hide, staff):
    before = staff.get(INCIDENTS).json()["results"]
    incident = hide()
    after = staff.get(INCIDENTS).json()["results"]
    assert {one["pk"] for one in after} - {one["pk"] for one in before} == {incident.pk}
    preview = staff.post(PREVIEW, {"tags": SECRET}).json()
    assert [one["pk"] for one in preview] == [incident.pk]
    for path in (f"{INCIDENTS}open/", f"{INCIDENTS}?acked=true", f"{INCIDENTS}?tags={SECRET[0]}"):
        assert "For few eyes only" in staff.get(path).content.decode()


@pytest.mark.parametrize("route", BELOW)
def test_its_urls_answer_like_those_of_a_missing_incident(outsider, hide, route):
    incident = hide()
    path = fill(route, outsider, incident=incident.pk, event=incident.ack.pk)
    for method in METHODS:
        there, missing = (outsider.generic(method, one, BODY, JSON) for one in (path, fill(route, outsider)))
        assert seen(there) == seen(missing)
    assert incident.events.count() == 3
    incident.refresh_from_db()
    assert incident.ticket_url == ""


@pytest.mark.parametrize("route", BELOW)
def test_its_urls_exist_for_staff(outsider, hide, staff, route):
    incident = hide()
    method = "PUT" if route.endswith("ticket_url/") else "GET"
    path = fill(route, outsider, incident=incident.pk, event=incident.ack.pk)
    assert staff.generic(method, path, BODY, JSON).status_code == 200


@pytest.mark.both
def test_open_set_of_its_source_does_not_close_it(source, hide):
    incident = hide()
    answer = make_client(source.user).put(f"{INCIDENTS}mine/open-set/", {"incidents": []})
    assert answer.status_code == 200
    assert "hidden" not in answer.content.decode()
    incident.refresh_from_db()
    assert incident.open


def test_open_set_with_its_id_does_not_reveal_it(source, hide):
    incident = hide()
    body = {"start_time": "2024-05-15T14:00:00Z", "description": "Mine"}
    answer = make_client(source.user).put(f"{INCIDENTS}mine/by-source-id/hidden/", body)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    incident.refresh_from_db()
    assert incident.description == "For few eyes only"


def test_its_events_are_not_below_another_incident(outsider, hide, source):
    known, hidden = make_incident(source), hide()
    for path in ("events/{}/", "acks/{}/", "events/{}/deliveries/"):
        answer = outsider.get(f"{INCIDENTS}{known.pk}/" + path.format(hidden.ack.pk))
        assert answer.status_code == 404
