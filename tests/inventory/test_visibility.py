"""Visibility of the inventory (contract, section 7)."""

from types import SimpleNamespace

import pytest

from argus.auth.models import User
from argus.inventory import models
from argus.inventory.visibility import CONDITIONS, visible_to
from tests.factories import make_superuser, make_user

from .factories import (
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_group_membership,
    make_instance,
    make_project,
    make_project_group,
    make_role,
    make_staff,
    take_away,
)

LISTED = list(CONDITIONS)


@pytest.fixture
def world(db):
    """A customer with a group of two projects, a project in no group, another group, and all that hangs on them.

    ``far`` belongs to another customer. The first project has an instance in a cloud and one that is nowhere.
    """
    customer, stranger = make_customer("near"), make_customer("far")
    group, other_group = make_project_group(customer, name="group"), make_project_group(customer, name="other group")
    project = make_project(customer, group, name="project")
    sibling, lone = make_project(customer, group, name="sibling"), make_project(customer, name="lone")
    make_project(customer, other_group, name="elsewhere")
    membership = make_cloud_membership(project, make_cloud(customer, name="cloud"))
    make_cloud_membership(sibling, make_cloud(customer, name="sibling's cloud"))
    make_cloud(customer, name="spare cloud")
    make_instance(project, membership, name="instance")
    make_instance(project, name="nowhere")
    make_instance(sibling, name="sibling's instance")
    make_instance(lone, name="lone instance")
    far = make_project(stranger, make_project_group(stranger, name="far group"), name="far project")
    make_instance(far, make_cloud_membership(far, make_cloud(stranger, name="far cloud")), name="far instance")
    return SimpleNamespace(customer=customer, group=group, project=project, lone=lone, stranger=stranger)


def seen_by(user: User) -> dict[str, set[str]]:
    return {
        model.kind: {scope.name for scope in visible_to(model.objects.all(), user)}
        for model in LISTED
        if issubclass(model, models.Scope)
    }


NOTHING = {
    kind: set() for kind in ("customer", "project", "project_group", "instance", "cloud", "cloud_project_membership")
}
OF_OWNER = {
    "customer": {"near"},
    "project": {"project", "sibling", "lone", "elsewhere"},
    "project_group": {"group", "other group"},
    "instance": {"instance", "nowhere", "sibling's instance", "lone instance"},
    "cloud": {"cloud", "sibling's cloud", "spare cloud"},
    "cloud_project_membership": {"cloud | project", "sibling's cloud | sibling"},
}
OF_WORKER = {
    "customer": {"near"},
    "project": {"project"},
    "project_group": {"group"},
    "instance": {"instance", "nowhere"},
    "cloud": {"cloud"},
    "cloud_project_membership": {"cloud | project"},
}
OF_GROUP_MANAGER = {
    "customer": {"near"},
    "project": {"project", "sibling"},
    "project_group": {"group"},
    "instance": {"instance", "nowhere", "sibling's instance"},
    "cloud": {"cloud", "sibling's cloud", "spare cloud"},
    "cloud_project_membership": {"cloud | project", "sibling's cloud | sibling"},
}
OF_LONE_WORKER = NOTHING | {"customer": {"near"}, "project": {"lone"}, "instance": {"lone instance"}}


def test_user_without_role_sees_nothing(world):
    assert seen_by(make_user()) == NOTHING


@pytest.mark.parametrize(
    ("place", "role", "seen"),
    [
        ("customer", "owner", OF_OWNER),
        ("project", "admin", OF_WORKER),
        ("project", "manager", OF_WORKER),
        ("group", "manager", OF_GROUP_MANAGER),
        ("lone", "admin", OF_LONE_WORKER),
    ],
)
def test_role_grants_the_visibility_of_the_contract_until_revoked(world, place, role, seen):
    user = make_user()
    granted = make_role(getattr(world, place), user, role)
    assert seen_by(user) == seen

    take_away(granted)
    assert seen_by(user) == NOTHING


def test_manager_of_an_empty_group_sees_group_and_customer_but_no_cloud(world):
    group = make_project_group(world.customer, name="empty")
    assert seen_by(make_role(group).user) == NOTHING | {"customer": {"near"}, "project_group": {"empty"}}


def test_roles_add_up(world):
    user = make_user()
    make_role(world.group, user)
    make_role(world.lone, user)
    assert seen_by(user) == {kind: OF_GROUP_MANAGER[kind] | OF_LONE_WORKER[kind] for kind in NOTHING}


def test_roles_in_two_customers_show_both(world):
    user = make_user()
    make_role(world.customer, user)
    make_role(world.stranger, user)
    assert seen_by(user) == seen_by(make_staff())


@pytest.mark.parametrize("make", [make_staff, make_superuser])
def test_staff_see_everything(world, make):
    user = make()
    for model in LISTED:
        assert set(visible_to(model.objects.all(), user)) == set(model.objects.all())


def test_superuser_who_is_not_staff_sees_nothing(world):
    assert seen_by(make_user(is_superuser=True)) == NOTHING


def test_group_managers_see_projects_while_they_are_in_the_group(world):
    user = make_role(world.group).user
    membership = make_group_membership(world.group, world.lone)
    assert seen_by(user)["project"] == {"project", "sibling", "lone"}

    membership.delete()
    assert seen_by(user)["project"] == {"project", "sibling"}


def test_group_membership_is_visible_if_group_and_project_are(world):
    both = make_project_group(world.customer, name="both")
    make_group_membership(both, world.project)
    worker, manager = make_role(world.project).user, make_role(world.group).user

    def pairs(user):
        return {str(one) for one in visible_to(models.ProjectGroupMembership.objects.all(), user)}

    assert pairs(worker) == {"group | project", "both | project"}
    assert pairs(manager) == {"group | project", "group | sibling"}


def test_role_is_visible_if_its_object_is(world):
    owner, worker = make_role(world.customer), make_role(world.project)
    manager, far = make_role(world.group), make_role(world.stranger)

    def seen(user):
        rows = [models.CustomerRole, models.ProjectRole, models.ProjectGroupRole]
        return {role for model in rows for role in visible_to(model.objects.all(), user)}

    assert seen(owner.user) == seen(worker.user) == seen(manager.user) == {owner, worker, manager}
    assert seen(far.user) == {far}
    assert seen(make_role(world.lone).user) & {owner, worker, manager} == {owner}


def test_visible_rows_need_one_query(world, django_assert_num_queries):
    user = make_user()
    for place in (world.customer, world.group, world.project, world.stranger):
        make_role(place, user)
    for model in LISTED:
        with django_assert_num_queries(1):
            list(visible_to(model.objects.all(), user))


def test_row_visible_by_two_roles_is_returned_once(world):
    user = make_user()
    for place, role in [(world.customer, "owner"), (world.project, "admin"), (world.project, "manager")]:
        make_role(place, user, role)
    for model in LISTED:
        found = list(visible_to(model.objects.all(), user))
        assert len(found) == len(set(found))
