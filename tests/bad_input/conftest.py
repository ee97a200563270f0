"""Fixtures: objects of every kind, and checks that a request was refused with a message and changed nothing."""

from types import SimpleNamespace

import pytest

from argus.auth.models import PhoneNumber
from tests.bad_input.places import INVENTORY, OLD_INCIDENT, all_rows, watched_writes
from tests.factories import make_ack, make_incident
from tests.inventory.factories import (
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_instance,
    make_project,
    make_project_group,
)


@pytest.fixture
def world(as_source, as_superuser, as_user, as_stranger):
    """One of everything, and who may do what: the values are pks and clients."""
    incident = make_incident(as_source.source, **OLD_INCIDENT)
    clients = {"as_source": as_source, "as_superuser": as_superuser, "as_user": as_user, "as_stranger": as_stranger}
    for client in clients.values():
        client.raise_request_exception = False
    make_inventory()
    return SimpleNamespace(
        **INVENTORY,
        incident=incident.pk,
        event=incident.events.get().pk,
        ack=make_ack(incident, actor=as_user.user).pk,
        source=as_source.source.pk,
        user=as_user.user.pk,
        number=PhoneNumber.objects.create(user=as_superuser.user, phone_number="+4791234567").pk,
        **clients,
    )


def make_inventory() -> None:
    """A customer with a group, a project, a cloud and an instance, of the UUIDs that ``INVENTORY`` has."""
    customer = make_customer()
    group, project, cloud = make_project_group(customer), make_project(customer), make_cloud(customer)
    membership = make_cloud_membership(project, make_cloud(customer))
    rows = [customer, group, project, cloud, membership, make_instance(project, membership)]
    for row, uuid in zip(rows, INVENTORY.values(), strict=True):
        type(row).objects.filter(pk=row.pk).update(uuid=uuid)


@pytest.fixture
def send(world):
    """Send bytes to an endpoint as a user with the permission."""

    def send(place, content: bytes, content_type: str = "application/json", **headers):
        path = place.path.format(**vars(world))
        return getattr(world, place.caller).generic(place.method, path, content, content_type, **headers)

    return send


@pytest.fixture
def assert_refused(send):
    """Send bytes to a place, expect a refusal that leaves no trace, and return its body."""

    def refused(place, content: bytes, content_type: str = "application/json", *, statuses=(400,), **headers) -> dict:
        with watched_writes() as before:
            response = send(place, content, content_type, **headers)
        assert response.status_code in statuses, (str(place), response.status_code, response.content[:1000])
        assert response["Content-Type"] == "application/json", (str(place), response.content[:1000])
        assert isinstance(response.json(), dict), (str(place), response.content[:1000])
        assert not before or [all_rows()] == before, str(place)
        return response.json()

    return refused
