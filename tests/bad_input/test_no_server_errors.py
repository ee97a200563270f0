"""No request is answered with a server error: every URL, every role, every method, as JSON and as HTML.

The URLs are those of the URL table, so new ones are included.
"""

import json
import os
from itertools import product
from unittest import mock

import pytest
from django.db import transaction

from argus.inventory.models import Project, ProjectGroup
from tests.factories import make_client, make_user
from tests.inventory.factories import make_role
from tests.site.roles import ROUTES, World

pytestmark = pytest.mark.once
# PostgreSQL refuses more values than SQLite, so the large matrices need it.
on_postgresql = pytest.mark.skipif("DATABASE_URL" not in os.environ, reason="PostgreSQL refuses more values")

JSON, HTML = "application/json", "text/html"
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FROB"]
ROLES = ["anonymous", "source", "user", "staff", "superuser", "project admin", "group manager"]
PAGES = [route for route in ROUTES if route.startswith("admin/")]
OTHERS = [route for route in ROUTES if not route.startswith("admin/")]
# Names of fields and of parameters of the APIs.
FIELDS = [
    "ack",
    "active",
    "alert_type",
    "base_url",
    "cloud",
    "cloud_project_membership",
    "customer",
    "days",
    "description",
    "details_url",
    "end_time",
    "event",
    "expiration",
    "filter_string",
    "filters",
    "ids",
    "incidents",
    "media",
    "message",
    "name",
    "password",
    "phone_number",
    "project",
    "project_group",
    "project_groups",
    "role",
    "scope",
    "severity",
    "source",
    "sourceSystemIds",
    "source_incident_id",
    "start_time",
    "tags",
    "ticket_url",
    "time_recurrences",
    "timeslot",
    "timestamp",
    "type",
    "user",
    "username",
]
PARAMETERS = [
    "acked",
    "acknowledged",
    "aggregate",
    "alert_type",
    "closed_from",
    "created_to",
    "current",
    "cursor",
    "end_time__gte",
    "end_time__isnull",
    "format",
    "from",
    "lang",
    "next",
    "o",
    "open",
    "opened",
    "page",
    "page_size",
    "scope",
    "scope_type",
    "severity",
    "source__id__in",
    "source__name__in",
    "source__type__in",
    "source_incident_id",
    "start_time__lte",
    "state",
    "stateful",
    "tags",
    "to",
    "uuid",
    "version",
    "all",
    "q",
    "p",
]
# Percent signs and braces are formats in Python; the database cannot store NUL and lone surrogates.
TEXTS = ["100% full", "%s %(x)s {x} {0}", "\x00", "\ud800", "", "x" * 5000, "\u202e<b>", "9" * 5000, "a=b", "-1"]
VALUES = [*TEXTS, None, [], {}, [None], [[]], [{}], [1], ["100%"], {"tag": "%d"}, 10**30, -1, 1.5, 1e308, True]


class Site(World):
    """The world of the roles, with more roles, as a client of one role and one format."""

    def __init__(self, role: str, accept: str):
        super().__init__()
        project = Project.objects.get(uuid=self.uuids["projects"])
        group = ProjectGroup.objects.get(uuid=self.uuids["project-groups"])
        for name, holder in (("project admin", project), ("group manager", group)):
            user = make_user()
            make_role(holder, user)
            self.clients[name] = make_client(user)
            self.clients[name].raise_request_exception = False
        self.client, self.accept = self.clients[role], accept

    def errors(self, requests) -> list[str]:
        """Send (method, route, query, body, content type); return those that were answered with a server error."""
        return [error for request in requests if (error := self.error_of(*request))]

    def error_of(self, method: str, route: str, query: str = "", body: bytes = b"", content_type: str = JSON) -> str:
        path = self.path_of(route)
        url = f"{path}{'&' if '?' in path else '?'}{query}" if query else path
        with transaction.atomic(), mock.patch("argus.site.monitoring.metrics.read_database", list):
            response = self.client.generic(method, url, body, content_type, HTTP_ACCEPT=self.accept)
            transaction.set_rollback(True)
        if response.status_code < 500:
            return ""
        return f"{response.status_code} {method} {url[:120]} {content_type} {body[:120]!r}"


def bodies(number: int) -> list[bytes]:
    """So many bodies, each with one of the values for every field."""
    total = len(VALUES)
    shifts = range(0, total, -(-total // number))
    return [json.dumps({name: VALUES[(n + s) % total] for n, name in enumerate(FIELDS)}).encode() for s in shifts]


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode(errors="surrogatepass"))


def query_of(text: str) -> str:
    """A query with this value for every parameter except those that decide the form of the response."""
    return "&".join(f"{name}={quoted(text)}" for name in PARAMETERS if name not in {"format", "cursor"})


@pytest.mark.parametrize(
    ("role", "accept"),
    [pytest.param("anonymous", JSON, marks=pytest.mark.slow), ("superuser", JSON), ("superuser", HTML)],
)
def test_no_method_of_any_url_is_a_server_error(db, role, accept):
    site = Site(role, accept)
    methods = ["GET", "POST", "PUT"] if accept == HTML else METHODS
    requests = [(method, route, "", b"{}") for route, method in product(OTHERS, methods)]
    assert site.errors(requests) == []


@pytest.mark.parametrize("text", TEXTS[:4], ids=ascii)
def test_no_odd_query_is_a_server_error(db, text):
    site = Site("superuser", JSON)
    lists = [route for route in OTHERS if "<" not in route]
    assert site.errors(("GET", route, query_of(text)) for route in lists) == []


@pytest.mark.slow
@pytest.mark.both
@on_postgresql
@pytest.mark.parametrize("role", ROLES)
def test_no_request_of_any_role_is_a_server_error(db, role):
    site = Site(role, HTML)
    requests = [("POST", route, "format=api", bodies(1)[0]) for route in OTHERS]
    requests += [(method, route) for route, method in product(OTHERS, ["GET", "PUT", "PATCH", "DELETE"])]
    if role in {"user", "staff", "superuser"}:
        requests += [(method, route) for route, method in product(PAGES, ["GET", "POST"])]
    assert site.errors(requests) == []


@pytest.mark.slow
@pytest.mark.both
@on_postgresql
@pytest.mark.parametrize("role", ROLES)
def test_no_body_for_any_url_is_a_server_error(db, role):
    site = Site(role, JSON)
    contents = [b"", b"[]", b"{", b"\xff", *bodies(10 if role in {"source", "superuser"} else 1)]
    requests = [
        (method, route, "", body) for route, method, body in product(OTHERS, ["POST", "PUT", "PATCH"], contents)
    ]
    forms = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    requests += [("POST", route, "", query_of(TEXTS[0]).encode(), forms[0]) for route in OTHERS]
    requests += [("POST", route, "", b"--x\r\n\r\n--x--\r\n", forms[1]) for route in OTHERS]
    assert site.errors(requests) == []


@pytest.mark.slow
@pytest.mark.both
@on_postgresql
def test_no_parameter_of_a_list_is_a_server_error(db):
    site = Site("superuser", JSON)
    lists = ["api/v1/incidents/", "api/v1/incidents/open/", "api/alerts/", "api/alerts/stats/", "api/users/"]
    requests = [("GET", route, f"{name}={quoted(text)}") for route, name, text in product(lists, PARAMETERS, TEXTS)]
    assert site.errors(requests) == []
