"""Create objects of the inventory. ``deletion`` deletes them; nothing is changed in between.

Each service is one transaction. It raises ``DomainError``, or ``NotPermittedError`` if the actor lacks the permission.
The rows that a new row refers to are locked until the commit, so they cannot be deleted meanwhile. They are locked in
the order customer, group, project, cloud, membership, user. No row ever changes its parents, so what was compared
once, such as the customers of a project and its group, stays true.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import models, transaction

from argus.auth.models import User
from argus.util.errors import DomainError
from argus.util.logs import audit, log_name
from argus.util.urls import check_http_url

from . import permissions
from .models import (
    Cloud,
    Customer,
    CustomerRole,
    Instance,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
    ProjectGroupRole,
    ProjectRole,
    Role,
)

M = TypeVar("M", bound=models.Model)

ROLES: dict[type, type[Role]] = {Customer: CustomerRole, Project: ProjectRole, ProjectGroup: ProjectGroupRole}


def create_customer(
    name: str, *, actor: User, native_name: str = "", abbreviation: str = "", contact_details: str = ""
) -> Customer:
    """Create a customer without owners."""
    permissions.check_is_staff(actor)
    customer = Customer.objects.create(
        name=name, native_name=native_name, abbreviation=abbreviation, contact_details=contact_details
    )
    return log_added(customer, actor=actor)


@transaction.atomic
def create_project(
    customer: Customer, *, actor: User, name: str, description: str = "", project_groups: Sequence[ProjectGroup] = ()
) -> Project:
    """Create a project of the customer, in some of the customer's groups."""
    lock_row(customer, field="customer")
    groups = sorted(set(project_groups), key=lambda group: group.pk)
    for group in groups:
        lock_row(group, field="project_groups")
    permissions.check_may_change_project(customer, groups, actor)
    for group in groups:
        check_same_customer(customer, group, field="project_groups")
    project = Project.objects.create(customer=customer, name=name, description=description)
    ProjectGroupMembership.objects.bulk_create(
        ProjectGroupMembership(project_group=group, project=project) for group in groups
    )
    return log_added(project, actor=actor)


@transaction.atomic
def create_project_group(customer: Customer, *, actor: User, name: str, description: str = "") -> ProjectGroup:
    """Create a group for projects of the customer."""
    lock_row(customer, field="customer")
    permissions.check_owns(customer, actor)
    return log_added(ProjectGroup.objects.create(customer=customer, name=name, description=description), actor=actor)


@transaction.atomic
def add_to_group(project: Project, *, actor: User, project_group: ProjectGroup) -> ProjectGroupMembership:
    """Add the project to a group of the same customer."""
    lock_row(project_group, field="project_group")
    lock_row(project, field="project")
    permissions.check_owns(project_group.customer, actor)
    check_same_customer(project_group.customer, project, field="project")
    check_is_new(ProjectGroupMembership, project_group=project_group, project=project)
    membership = ProjectGroupMembership.objects.create(project_group=project_group, project=project)
    return log_added(membership, actor=actor)


@transaction.atomic
def create_cloud(customer: Customer, *, actor: User, name: str, auth_url: str = "") -> Cloud:
    """Create a cloud of the customer."""
    check_http_url(auth_url, field="auth_url")
    lock_row(customer, field="customer")
    permissions.check_owns(customer, actor)
    return log_added(Cloud.objects.create(customer=customer, name=name, auth_url=auth_url), actor=actor)


@transaction.atomic
def link_cloud(project: Project, *, actor: User, cloud: Cloud) -> ProjectCloudMembership:
    """Link the project to a cloud of the same customer."""
    lock_row(project, field="project")
    lock_row(cloud, field="cloud")
    permissions.check_owns(project.customer, actor)
    check_same_customer(project.customer, cloud, field="cloud")
    check_is_new(ProjectCloudMembership, project=project, cloud=cloud)
    return log_added(ProjectCloudMembership.objects.create(project=project, cloud=cloud), actor=actor)


@transaction.atomic
def create_instance(
    project: Project,
    *,
    actor: User,
    name: str,
    cloud_project_membership: ProjectCloudMembership | None = None,
    description: str = "",
) -> Instance:
    """Create an instance of the project, in one of the project's clouds if one is given."""
    lock_row(project, field="project")
    if cloud_project_membership is not None:
        lock_row(cloud_project_membership, field="cloud_project_membership")
    permissions.check_may_change_instances(project, actor)
    if cloud_project_membership is not None and cloud_project_membership.project_id != project.pk:
        raise DomainError("This is a membership of another project.", field="cloud_project_membership")
    instance = Instance.objects.create(
        project=project, name=name, cloud_project_membership=cloud_project_membership, description=description
    )
    return log_added(instance, actor=actor)


@transaction.atomic
def grant_role(holder: Customer | Project | ProjectGroup, *, actor: User, user: User, role: str) -> Role:
    """Give the user a role in the customer, project or group. It counts from the commit."""
    model = ROLES[type(holder)]
    lock_row(holder, field=model.holder)
    lock_row(user, field="user")
    permissions.check_may_grant(holder, actor)
    roles: list[str] = model.Kind.values  # type: ignore[attr-defined]
    if role not in roles:
        raise DomainError(f"Unknown role. Choose from: {', '.join(roles)}.", field="role")
    values = {model.holder: holder, "user": user, "role": role}
    check_is_new(model, **values)
    return log_added(model._default_manager.create(**values), actor=actor)


def log_added(row: M, *, actor: User) -> M:
    """Write the audit line of a new row, and return the row."""
    audit("added", log_name(row), actor=actor)
    return row


def lock_row(row: models.Model, *, field: str) -> None:
    """Lock a row until the commit. Raises ``DomainError`` if it has been deleted."""
    if not type(row)._base_manager.select_for_update(no_key=True).filter(pk=row.pk).exists():
        raise DomainError("This has just been deleted.", field=field)


def check_same_customer(customer: Customer, row: ProjectGroup | Project | Cloud, *, field: str) -> None:
    """Raise ``DomainError`` if the row belongs to another customer."""
    if row.customer_id != customer.pk:
        raise DomainError("This belongs to another customer.", field=field)


def check_is_new(model: type[models.Model], **values: Any) -> None:
    """Raise ``DomainError`` if there is such a row. The rows that it refers to must be locked."""
    if model._default_manager.filter(**values).exists():
        raise DomainError("This exists already.")
