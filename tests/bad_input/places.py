"""Every endpoint that accepts input, with a valid input, from which bad input is derived."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection
from django.urls import resolve

from tests.factories import NOON, PASSWORD

API = "/api/v1/"
INCIDENTS = f"{API}incidents/"


@dataclass(frozen=True)
class Place:
    """A method of an address. ``path`` has {names} of ``World``; ``caller`` is the fixture of who may."""

    method: str
    path: str
    caller: str = "as_superuser"
    body: dict[str, Any] = field(default_factory=dict)
    # Fields beside those of ``body`` that may be given.
    optional: tuple[str, ...] = ()
    status: int = 201

    def __str__(self):
        return f"{self.method} {self.path.removeprefix(API)}"

    @property
    def fields(self) -> list[str]:
        return [*self.body, *self.optional]


NEW_INCIDENT = {"start_time": "2024-05-15T14:00:00Z", "source_incident_id": "new", "tags": [{"tag": "a=b"}]}
INCIDENT_OPTIONS = ("end_time", "details_url", "description", "ticket_url")
CREDENTIALS = {"username": "superuser", "password": PASSWORD}

# What there is of the inventory, each with a UUID that is known beforehand, so that bodies can have links to it.
INVENTORY = {
    name: f"{number:032x}"
    for number, name in enumerate(["customer", "group", "project", "cloud", "membership", "instance"])
}


def link(collection: str, name: str) -> str:
    return f"/api/{collection}/{INVENTORY[name]}/"


OF_CUSTOMER = {"name": "new", "customer": link("customers", "customer")}
OF_PROJECT = {"project": link("projects", "project")}

INVENTORY_PLACES = [
    Place("POST", "/api/customers/", body={"name": "new"}, optional=("native_name", "abbreviation", "contact_details")),
    Place("POST", "/api/projects/", body=OF_CUSTOMER, optional=("description", "project_groups")),
    Place("POST", "/api/project-groups/", body=OF_CUSTOMER, optional=("description",)),
    Place(
        "POST",
        "/api/project-group-memberships/",
        body={**OF_PROJECT, "project_group": link("project-groups", "group")},
    ),
    Place("POST", "/api/clouds/", body=OF_CUSTOMER, optional=("auth_url",)),
    Place("POST", "/api/project-cloud-memberships/", body={**OF_PROJECT, "cloud": link("clouds", "cloud")}),
    Place(
        "POST",
        "/api/instances/",
        body={"name": "new", **OF_PROJECT},
        optional=("description", "cloud_project_membership"),
    ),
    Place("POST", "/api/project-permissions/", body={**OF_PROJECT, "user": "/api/users/", "role": "admin"}, status=400),
]

PLACES = [
    Place("POST", INCIDENTS, "as_source", NEW_INCIDENT, INCIDENT_OPTIONS),
    Place("POST", f"{INCIDENTS}mine/", "as_source", NEW_INCIDENT, INCIDENT_OPTIONS),
    Place("PATCH", f"{INCIDENTS}{{incident}}/", "as_source", {}, ("details_url", "ticket_url", "tags"), 200),
    Place("PUT", f"{INCIDENTS}{{incident}}/ticket_url/", "as_source", {"ticket_url": "https://t.example.org"}, (), 200),
    Place(
        "POST",
        f"{INCIDENTS}{{incident}}/events/",
        "as_source",
        {"type": "OTH", "timestamp": "2024-05-15T14:00:00Z"},
        ("description",),
    ),
    Place("POST", f"{INCIDENTS}{{incident}}/acks/", body={"event": {}}, optional=("expiration",)),
    Place("POST", f"{INCIDENTS}sources/", body={"name": "new", "type": "nav"}, optional=("base_url", "username")),
    Place("PUT", f"{INCIDENTS}sources/{{source}}/", body={"name": "new"}, status=200),
    Place("PATCH", f"{INCIDENTS}sources/{{source}}/", body={"name": "new"}, status=200),
    Place("POST", f"{INCIDENTS}source-types/", body={"name": "new"}),
    Place("POST", f"{API}auth/phone-number/", body={"phone_number": "+4767676767"}),
    Place("PUT", f"{API}auth/phone-number/{{number}}/", body={"phone_number": "+4767676767"}, status=200),
    Place("PATCH", f"{API}auth/phone-number/{{number}}/", body={"phone_number": "+4767676767"}, status=200),
    Place("POST", f"{API}token-auth/", "as_stranger", CREDENTIALS, status=200),
    Place("POST", "/oidc/api-token-auth/", "as_stranger", CREDENTIALS, status=200),
    *INVENTORY_PLACES,
]

# What an address only shows. Those of PLACES that can be read are here once more.
READ = [
    INCIDENTS,
    f"{INCIDENTS}mine/",
    f"{INCIDENTS}open/",
    f"{INCIDENTS}open+unacked/",
    f"{INCIDENTS}metadata/",
    f"{INCIDENTS}sources/",
    f"{INCIDENTS}sources/{{source}}/",
    f"{INCIDENTS}source-types/",
    f"{INCIDENTS}{{incident}}/",
    f"{INCIDENTS}{{incident}}/events/",
    f"{INCIDENTS}{{incident}}/events/{{event}}/",
    f"{INCIDENTS}{{incident}}/acks/",
    f"{INCIDENTS}{{incident}}/acks/{{ack}}/",
    f"{API}auth/user/",
    f"{API}auth/users/{{user}}/",
    f"{API}auth/phone-number/",
    f"{API}auth/phone-number/{{number}}/",
    *(place.path for place in INVENTORY_PLACES),
    "/api/customers/{customer}/",
    "/api/projects/{project}/",
    "/api/project-groups/{group}/",
    "/api/clouds/{cloud}/",
    "/api/project-cloud-memberships/{membership}/",
    "/api/instances/{instance}/",
    "/api/users/",
]

OLD_INCIDENT = {"start_time": NOON, "tags": ["a=b", "c=d=e"], "details_url": "/x", "description": "Down"}


# Sessions and the like, the count of wrong passwords, and one that tells caches to read again: it may run ahead.
UNIMPORTANT = {
    "argus_auth_loginattempts",
    "django_session",
    "django_content_type",
    "argus_notificationprofile_routingversion",
}


def all_rows() -> dict[str, list[tuple]]:
    """Everything in the database, table by table. It is asked for so often that composing the queries would count."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - UNIMPORTANT
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = sorted(cursor.fetchall(), key=repr)
    return rows


@contextmanager
def watched_writes():
    """Give a list that gets, just before the first statement that may change something, all rows as they are then."""
    before = []

    def watch(execute, sql, params, many, context):
        if not (before or sql.startswith(("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"))):
            before.append(all_rows())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield before


def one_of_each_kind(number: int) -> list[Place]:
    """One place of each module of views, another one for each number.

    How a body is read does not depend on what it is for: where there are many bodies, each place has its share of them.
    """
    kinds: dict[str, list[Place]] = {}
    for place in PLACES:
        path = place.path.format(**INVENTORY, incident=1, source=1, number=1)
        kinds.setdefault(resolve(path).func.__module__, []).append(place)
    return [places[number % len(places)] for places in kinds.values()]
