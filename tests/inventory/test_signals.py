"""The signal ``scopes_deleted`` is sent inside the transaction, before the rows are deleted."""

import pytest
from django.db import connection

from argus.inventory import deletion
from argus.inventory.models import Cloud, Customer, Project, ProjectCloudMembership
from argus.inventory.signals import scopes_deleted
from argus.util.errors import ConflictError, NotPermittedError
from tests.factories import make_user

from .factories import (
    STAFF,
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_instance,
    make_project,
    make_project_group,
    make_role,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """Each message as (scopes, actor, how many of the scopes were there), in the order of their coming."""
    messages = []

    def listen(sender, scopes, actor, **kwargs):
        assert connection.in_atomic_block
        there = sum(type(scope).objects.filter(pk=scope.pk).exists() for scope in scopes)
        messages.append((list(scopes), actor, there))

    scopes_deleted.connect(listen)
    yield messages
    scopes_deleted.disconnect(listen)


def test_signal_names_a_scope_deleted_alone(heard):
    deletions = [
        (make_customer(), deletion.delete_customer),
        (make_project(), deletion.delete_project),
        (make_project_group(), deletion.delete_project_group),
        (make_cloud(), deletion.delete_cloud),
        (make_cloud_membership(), deletion.unlink_cloud),
        (make_instance(), deletion.delete_instance),
    ]
    for scope, delete in deletions:
        key = scope.pk
        delete(scope, actor=STAFF)
        ((scopes, actor, there),) = heard
        assert [type(one) for one in scopes] == [type(scope)]
        assert [one.uuid for one in scopes] == [scope.uuid]
        assert (actor, there) == (STAFF, 1)
        assert not type(scope).objects.filter(pk=key).exists()
        heard.clear()


def uuids_of(message) -> set:
    return {scope.uuid for scope in message[0]}


def test_signal_names_all_scopes_that_are_deleted_together(heard):
    project = make_project()
    memberships = [make_cloud_membership(project) for _ in range(3)]
    deletion.delete_project(project, actor=STAFF)
    assert uuids_of(heard[0]) == {project.uuid, *(membership.uuid for membership in memberships)}

    cloud = memberships[0].cloud
    other = make_cloud_membership(make_project(project.customer), cloud)
    deletion.delete_cloud(cloud, actor=STAFF)
    assert uuids_of(heard[1]) == {cloud.uuid, other.uuid}

    customer = make_customer()
    clouds = [make_cloud(customer) for _ in range(3)]
    deletion.delete_customer(customer, actor=STAFF)
    assert uuids_of(heard[2]) == {customer.uuid, *(cloud.uuid for cloud in clouds)}
    assert [there for _, _, there in heard] == [4, 2, 4]
    assert ProjectCloudMembership.objects.count() == 0


def test_refused_deletion_sends_no_signal(heard):
    instance = make_instance(membership=make_cloud_membership())
    membership = instance.cloud_project_membership
    for row, delete in [
        (membership.project.customer, deletion.delete_customer),
        (membership.project, deletion.delete_project),
        (membership.cloud, deletion.delete_cloud),
        (membership, deletion.unlink_cloud),
    ]:
        with pytest.raises(ConflictError):
            delete(row, actor=STAFF)
        with pytest.raises(NotPermittedError):
            delete(row, actor=make_user())
    assert heard == []


def test_failing_receiver_prevents_the_deletion():
    def fail(**kwargs):
        raise ValueError("no")

    customer = make_customer()
    make_cloud(customer)
    scopes_deleted.connect(fail)
    try:
        with pytest.raises(ValueError, match="no"):
            deletion.delete_customer(customer, actor=STAFF)
    finally:
        scopes_deleted.disconnect(fail)
    assert (Customer.objects.count(), Cloud.objects.count()) == (1, 1)


def test_roles_and_group_memberships_send_no_signal(heard):
    project = make_project()
    group = make_project_group(project.customer)
    make_role(project)
    membership = project.group_memberships.create(project_group=group)
    deletion.revoke_role(make_role(group), actor=STAFF)
    deletion.remove_from_group(membership, actor=STAFF)
    assert heard == []
    deletion.delete_project(project, actor=STAFF)
    assert [type(scope) for scope in heard[0][0]] == [Project]


def test_deletion_query_count_does_not_depend_on_scopes(django_assert_max_num_queries):
    customer = make_customer()
    for _ in range(100):
        make_cloud(customer)
    with django_assert_max_num_queries(40):
        deletion.delete_customer(customer, actor=STAFF)
