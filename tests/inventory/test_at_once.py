"""Concurrent requests, in threads: no server errors, and no inconsistent rows."""

from collections import Counter

import pytest

from argus.auth.services import delete_user
from argus.inventory import deletion
from argus.inventory.models import (
    Cloud,
    Customer,
    CustomerRole,
    Instance,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
)
from tests.factories import make_client, make_user
from tests.parallel import at_once

from .factories import (
    STAFF,
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_instance,
    make_project,
    make_project_group,
    make_role,
    make_staff,
)
from .requests import link_to, path_to

pytestmark = pytest.mark.usefixtures("parallel_db")


@pytest.fixture
def ask(parallel_db):
    """Give a call that makes a request as staff and returns the answer's status."""
    staff = make_staff()

    def prepare(method: str, path: str, body: dict | None = None):
        client = make_client(staff)
        return lambda: getattr(client, method)(path, body).status_code

    return prepare


def test_concurrent_equal_grants_create_one_role(ask):
    customer, person = make_customer(), make_user()
    body = {"customer": link_to(customer), "user": link_to(person), "role": "owner"}

    statuses = at_once(*(ask("post", "/api/customer-permissions/", body) for _ in range(8)))
    assert Counter(statuses) == {201: 1, 400: 7}
    assert CustomerRole.objects.count() == 1


def test_concurrent_equal_memberships_create_one(ask):
    project = make_project()
    group, cloud = make_project_group(project.customer), make_cloud(project.customer)
    for collection, model, body in [
        ("project-group-memberships", ProjectGroupMembership, {"project_group": link_to(group)}),
        ("project-cloud-memberships", ProjectCloudMembership, {"cloud": link_to(cloud)}),
    ]:
        body |= {"project": link_to(project)}
        statuses = at_once(*(ask("post", f"/api/{collection}/", body) for _ in range(6)))
        assert Counter(statuses) == {201: 1, 400: 5}
        assert model.objects.count() == 1


def test_concurrent_deletions_delete_once(ask):
    for row in (make_customer(), make_project(), make_cloud_membership(), make_instance()):
        statuses = at_once(*(ask("delete", path_to(row)) for _ in range(5)))
        assert Counter(statuses) == {204: 1, 404: 4}


@pytest.mark.parametrize("attempt", range(3))
def test_concurrent_deletion_and_creation_below_are_consistent(ask, attempt):
    customer = make_customer()
    statuses = at_once(
        ask("delete", path_to(customer)),
        ask("post", "/api/projects/", {"name": "a", "customer": link_to(customer)}),
        ask("post", "/api/project-groups/", {"name": "a", "customer": link_to(customer)}),
        ask("post", "/api/clouds/", {"name": "a", "customer": link_to(customer)}),
    )
    deleted, *made = statuses
    assert set(made) <= {201, 400}
    assert deleted == (409 if 201 in made[:2] else 204)
    kept = Customer.objects.filter(pk=customer.pk).exists()
    assert kept == (deleted == 409)
    assert [Project.objects.count(), ProjectGroup.objects.count()] == [[status].count(201) for status in made[:2]]
    assert Cloud.objects.count() == (made[2:].count(201) if kept else 0)


@pytest.mark.parametrize("attempt", range(3))
def test_project_and_clouds_are_deleted_during_creations(ask, attempt):
    project = make_project()
    clouds = [make_cloud(project.customer) for _ in range(3)]
    memberships = [make_cloud_membership(project, cloud) for cloud in clouds[:2]]
    instance = {"name": "a", "project": link_to(project), "cloud_project_membership": link_to(memberships[0])}
    statuses = at_once(
        ask("delete", path_to(project)),
        ask("delete", path_to(clouds[0])),
        ask("delete", path_to(memberships[1])),
        ask("post", "/api/instances/", instance),
        ask("post", "/api/instances/", instance | {"cloud_project_membership": link_to(memberships[1])}),
        ask("post", "/api/project-cloud-memberships/", {"project": link_to(project), "cloud": link_to(clouds[2])}),
        ask(
            "post",
            "/api/project-permissions/",
            {"project": link_to(project), "user": link_to(make_user()), "role": "admin"},
        ),
    )
    assert set(statuses[:3]) <= {204, 404, 409}
    assert set(statuses[3:]) <= {201, 400}
    kept = Project.objects.filter(pk=project.pk).exists()
    assert kept == (statuses[0] == 409)
    assert Instance.objects.count() == statuses[3:5].count(201)
    assert kept or not ProjectCloudMembership.objects.exists()


def test_concurrent_deletions_with_shared_memberships_do_not_deadlock(ask):
    customer = make_customer()
    projects, clouds = ([make(customer) for _ in range(4)] for make in (make_project, make_cloud))
    for project in projects:
        for cloud in clouds:
            make_cloud_membership(project, cloud)

    statuses = at_once(*(ask("delete", path_to(row)) for row in [*projects, *clouds]))
    assert statuses == [204] * 8
    assert ProjectCloudMembership.objects.count() == 0


def test_user_is_deleted_during_a_grant(ask):
    customer, person = make_customer(), make_user()
    body = {"customer": link_to(customer), "user": link_to(person), "role": "owner"}
    granted, deleted = at_once(
        ask("post", "/api/customer-permissions/", body), lambda: delete_user(person, actor=person)
    )

    assert granted in {201, 400}
    assert deleted is None
    assert CustomerRole.objects.count() == 0


def test_concurrent_revocation_decides_what_is_allowed(ask):
    customer, owner = make_customer(), make_user()
    role = make_role(customer, owner)
    client = make_client(owner)
    made, revoked = at_once(
        lambda: client.post("/api/projects/", {"name": "a", "customer": link_to(customer)}).status_code,
        lambda: deletion.revoke_role(role, actor=STAFF),
    )
    assert made in {201, 400, 403}
    assert revoked is None
    assert client.post("/api/projects/", {"name": "a", "customer": link_to(customer)}).status_code == 400
