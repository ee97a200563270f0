"""Clients who see alerts, and one who does not."""

import pytest

from tests.factories import Client, make_client, make_user
from tests.inventory.factories import make_customer, make_project, make_role, make_staff


@pytest.fixture
def as_staff(db) -> Client:
    """A member of the staff, no superuser."""
    return make_client(make_staff("staff"))


@pytest.fixture
def customer(db):
    return make_customer("Example Ltd", abbreviation="EX", contact_details="noc@example.org")


@pytest.fixture
def project(customer):
    return make_project(customer, name="Web shop")


@pytest.fixture
def as_admin(project) -> Client:
    """The admin of the project."""
    admin = make_user("admin")
    make_role(project, admin)
    return make_client(admin)


@pytest.fixture
def as_outsider(db) -> Client:
    """A user without any role."""
    return make_client(make_user("outsider"))
