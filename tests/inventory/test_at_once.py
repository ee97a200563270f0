"""What happens at once, on a database that real threads share: nobody gets a 500, nothing hangs in the air."""

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


def test_of_many_equal_grants_one_is_given(ask):
    customer, person = make_customer(), make_user()
    body = {"customer": link_to(customer), "user": link_to(person), "role": "owner"}

    statuses = at_once(*(ask("post", "/api/customer-permissions/", body) for _ in range(8)))
    assert Counter(statuses) == {201: 1, 400: 7}
    assert CustomerRole.objects.count() == 1


def test_of_many_equal_memberships_one_is_made(ask):
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


def test_of_many_deletions_one_deletes(ask):
    for row in (make_customer(), make_project(), make_cloud_membership(), make_instance()):
        statuses = at_once(*(ask("delete", path_to(row)) for _ in range(5)))
        assert Counter(statuses) == {204: 1, 404: 4}


@pytest.mark.parametrize("attempt", range(3))
def test_what_is_deleted_while_something_is_put_below_it_stays_or_the_other_is_refused(ask, attempt):
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
def test_a_project_and_its_clouds_are_deleted_while_instances_and_memberships_are_made(ask, attempt):
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


def test_crowds_that_delete_what_shares_memberships_do_not_wait_in_a_ring(ask):
    customer = make_customer()
    projects, clouds = ([make(customer) for _ in range(4)] for make in (make_project, make_cloud))
    for project in projects:
        for cloud in clouds:
            make_cloud_membership(project, cloud)

    statuses = at_once(*(ask("delete", path_to(row)) for row in [*projects, *clouds]))
    assert statuses == [204] * 8
    assert ProjectCloudMembership.objects.count() == 0


def test_an_account_is_deleted_while_it_is_given_a_role(ask):
    customer, person = make_customer(), make_user()
    body = {"customer": link_to(customer), "user": link_to(person), "role": "owner"}
    granted, deleted = at_once(
        ask("post", "/api/customer-permissions/", body), lambda: delete_user(person, actor=person)
    )

    assert granted in {201, 400}
    assert deleted is None
    assert CustomerRole.objects.count() == 0


def test_a_role_taken_away_at_the_same_time_decides_what_may_be_done(ask):
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
