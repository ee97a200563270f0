"""One object of each kind and one user of each role, from which docs/reference/roles.md is generated.

Each role sends each method to each URL, with an empty body. So 400 means permitted, but incomplete. 404 for one role
and 200 for another means that the object exists, but is hidden.
"""

import re
from collections.abc import Iterator
from unittest import mock

from django.db import transaction
from django.urls import URLResolver, get_resolver

from argus.auth.models import PhoneNumber
from tests.alert.factories import make_alert
from tests.factories import make_ack, make_client, make_incident, make_source, make_superuser, make_user
from tests.inventory.factories import (
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_group_membership,
    make_instance,
    make_project,
    make_project_group,
    make_role,
)
from tests.notificationprofile.factories import make_profile

ROLES = ["anonymous", "source", "other source", "user", "other user", "staff", "superuser"]
# Of the admin, where sources are people without rights.
ADMIN_ROLES = ["anonymous", "user", "staff", "superuser"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
CONVERTED = re.compile(r"<(?:\w+:)?\w+>")
NO_KEY = "0"


def routes_of(patterns, prefix: str = "") -> Iterator[str]:
    """All routes, as the site's own table of addresses has them."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes_of(pattern.url_patterns, route)
        else:
            yield route


ROUTES = sorted(set(routes_of(get_resolver().url_patterns)))


class World:
    """Things that belong to "source" and to "user", and clients of all roles."""

    def __init__(self):
        source, user = make_source("source").user, make_user("user")
        self.clients = {
            "anonymous": make_client(),
            "source": make_client(source),
            "other source": make_client(make_source("other-source").user),
            "user": make_client(user),
            "other user": make_client(make_user("other-user")),
            "staff": make_client(make_user("staff", is_staff=True)),
            "superuser": make_client(make_superuser("superuser")),
        }
        for client in self.clients.values():
            client.raise_request_exception = False
            if client.user is not None:
                client.force_login(client.user)
        incident = make_incident(source.source_system)
        ack = make_ack(incident, actor=user)
        profile = make_profile(user)
        self.pks = {
            "api/v1/auth/users/": user.pk,
            "api/v1/auth/phone-number/": PhoneNumber.objects.create(user=user, phone_number="+4791234567").pk,
            "api/v1/incidents/sources/": source.source_system.pk,
            "api/v1/incidents/": incident.pk,
            "api/v1/notificationprofiles/timeslots/": profile.timeslot_id,
            "api/v1/notificationprofiles/filters/": profile.filters.get().pk,
            "api/v1/notificationprofiles/": profile.timeslot_id,
        }
        self.event = ack.event_id
        customer = make_customer(owner=user)
        project, group = make_project(customer), make_project_group(customer)
        linked = make_cloud_membership(make_project(customer), make_cloud(customer))
        self.uuids = {
            "customers": customer.uuid,
            "projects": project.uuid,
            "project-groups": group.uuid,
            "project-group-memberships": make_group_membership(group, project).uuid,
            "clouds": make_cloud(customer).uuid,
            "project-cloud-memberships": linked.uuid,
            "cloud-project-memberships": linked.uuid,
            "instances": make_instance(project).uuid,
            "customer-permissions": make_role(customer, make_user()).uuid,
            "project-permissions": make_role(project, make_user()).uuid,
            "project-group-permissions": make_role(group, make_user()).uuid,
            "users": user.uuid,
            "alerts": make_alert(project).uuid,
        }

    def path_of(self, route: str) -> str:
        """The route with the keys of what there is."""
        path = route.replace("<int:event_pk>", str(self.event)).replace("<str:backend>", "nowhere")
        for prefix, pk in self.pks.items():
            if path.startswith(f"{prefix}<int:pk>"):
                path = path.replace("<int:pk>", str(pk), 1)
        for name, uuid in self.uuids.items():
            path = path.replace(f"api/{name}/<hex:uuid>", f"api/{name}/{uuid.hex}", 1)
        path = "api/nothing/" if path.startswith("^api/") else path
        return "/" + CONVERTED.sub(NO_KEY, path).replace("(?P<app_label>", "").replace("^", "").replace("$", "")

    def ask(self, role: str, method: str, path: str) -> int:
        """The status of the response to a role; changes are rolled back."""
        with transaction.atomic(), mock.patch("argus.site.monitoring.metrics.read_database", list):
            status = self.clients[role].generic(method, path, b"{}", "application/json").status_code
            transaction.set_rollback(True)
        return status


def table(world: World, routes: list[str]) -> list[str]:
    """A line of the page for each method of each URL, without methods that are not allowed, except GET."""
    lines = []
    for route in routes:
        is_admin = route.startswith("admin/")
        for method in METHODS[:1] if is_admin else METHODS:
            path = world.path_of(route)
            statuses = [world.ask(role, method, path) for role in (ADMIN_ROLES if is_admin else ROLES)]
            if method == "GET" or 405 not in statuses:
                lines.append(f"| `{spelled(route)}` | {method} | {' | '.join(map(str, statuses))} |")
    return lines


def spelled(route: str) -> str:
    """The route as the page has it."""
    return "/" + route.replace("|", "&#124;")
