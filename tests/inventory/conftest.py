"""Fixtures: a customer with one object of each kind, and a client for each role in it."""

from types import SimpleNamespace

import pytest

from tests.factories import make_client, make_superuser, make_user

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
)


@pytest.fixture
def place(db):
    """A customer, its group, the project in it, the project's cloud and instance, and a user without a role."""
    customer = make_customer("Customer", native_name="Kunde", abbreviation="CU", contact_details="Call us.")
    group = make_project_group(customer, name="Group", description="of projects")
    project = make_project(customer, group, name="Project", description="of a group")
    cloud = make_cloud(customer, name="Cloud", auth_url="https://keystone:5000/v3")
    membership = make_cloud_membership(project, cloud)
    return SimpleNamespace(
        customer=customer,
        group=group,
        group_membership=project.group_memberships.get(),
        project=project,
        cloud=cloud,
        membership=membership,
        instance=make_instance(project, membership, name="Instance", description="in a cloud"),
        person=make_user("person", first_name="Kari", last_name="Nordmann"),
    )


@pytest.fixture
def people(place) -> dict:
    """Clients by what they are in ``place``."""
    users = {
        "staff": make_staff(),
        "superuser": make_superuser(),
        "owner": make_role(place.customer).user,
        "admin": make_role(place.project, role="admin").user,
        "manager": make_role(place.project, role="manager").user,
        "group manager": make_role(place.group).user,
        "user without role": make_user(),
        "owner elsewhere": make_role(make_customer("Elsewhere")).user,
    }
    return {name: make_client(user) for name, user in users.items()}


@pytest.fixture
def as_staff(people):
    return people["staff"]


@pytest.fixture
def as_owner(people):
    return people["owner"]


@pytest.fixture
def other_group(place):
    """Another group of the customer, which has nothing."""
    return make_project_group(place.customer, name="Other group")


@pytest.fixture
def grouped(place):
    """A function that puts the project into a group."""
    return lambda group: make_group_membership(group, place.project)
