"""Create objects of the inventory by its services."""

from itertools import count

from argus.auth.models import User
from argus.inventory import deletion, services
from argus.inventory.models import (
    Cloud,
    Customer,
    Instance,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
    Role,
)
from tests.factories import make_user

# Asked for nothing but its rights; it is nowhere in the database.
STAFF = User(is_staff=True)

_numbers = count(1)


def make_staff(username: str = "", **fields) -> User:
    """A member of the staff who is no superuser."""
    return make_user(username or f"staff{next(_numbers)}", is_staff=True, **fields)


def make_customer(name: str = "", *, owner: User | None = None, **values) -> Customer:
    customer = services.create_customer(name or f"customer{next(_numbers)}", actor=STAFF, **values)
    if owner:
        make_role(customer, owner)
    return customer


def make_project(customer: Customer | None = None, *groups: ProjectGroup, name: str = "", **values) -> Project:
    """A project of the customer, by default of a new one or the one of the groups, in these groups."""
    customer = customer or (groups[0].customer if groups else make_customer())
    name = name or f"project{next(_numbers)}"
    return services.create_project(customer, actor=STAFF, name=name, project_groups=list(groups), **values)


def make_project_group(customer: Customer | None = None, *, name: str = "", **values) -> ProjectGroup:
    name = name or f"group{next(_numbers)}"
    return services.create_project_group(customer or make_customer(), actor=STAFF, name=name, **values)


def make_group_membership(project_group: ProjectGroup, project: Project | None = None) -> ProjectGroupMembership:
    project = project or make_project(project_group.customer)
    return services.add_to_group(project, actor=STAFF, project_group=project_group)


def make_cloud(customer: Customer | None = None, *, name: str = "", **values) -> Cloud:
    name = name or f"cloud{next(_numbers)}"
    return services.create_cloud(customer or make_customer(), actor=STAFF, name=name, **values)


def make_cloud_membership(project: Project | None = None, cloud: Cloud | None = None) -> ProjectCloudMembership:
    """The project, in a cloud of its customer; each is new unless given."""
    project = project or make_project(cloud and cloud.customer)
    return services.link_cloud(project, actor=STAFF, cloud=cloud or make_cloud(project.customer))


def make_instance(
    project: Project | None = None, membership: ProjectCloudMembership | None = None, *, name: str = "", **values
) -> Instance:
    """An instance in a project; in a cloud only if the membership is given."""
    project = project or (membership.project if membership else make_project())
    return services.create_instance(
        project,
        actor=STAFF,
        name=name or f"instance{next(_numbers)}",
        cloud_project_membership=membership,
        **values,
    )


def make_role(holder: Customer | Project | ProjectGroup, user: User | None = None, role: str = "") -> Role:
    """A role in a customer (owner), a project (admin, unless said otherwise) or a project group (manager)."""
    role = role or {Customer: "owner", Project: "admin", ProjectGroup: "manager"}[type(holder)]
    return services.grant_role(holder, actor=STAFF, user=user or make_user(), role=role)


def take_away(role: Role) -> None:
    deletion.revoke_role(role, actor=STAFF)
