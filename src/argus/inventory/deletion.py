"""Delete objects of the inventory.

Each service is one transaction. It locks the row and all rows that are deleted with it, in the order of ``services``
and by primary key, so nothing can be added below them. It raises ``DoesNotExist`` if the row has been deleted already,
``ConflictError`` if other rows depend on it, and ``NotPermittedError``.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import transaction

from argus.auth.models import User
from argus.util.errors import ConflictError
from argus.util.logs import audit, log_name

from . import permissions
from .models import (
    Cloud,
    Customer,
    Instance,
    InventoryObject,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
    Role,
    Scope,
)
from .signals import scopes_deleted

S = TypeVar("S", bound=Scope)


@transaction.atomic
def delete_customer(customer: Customer, *, actor: User) -> None:
    """Delete a customer without projects and groups, together with its clouds and roles."""
    permissions.check_is_staff(actor)
    customer = lock_scope(customer)
    if customer.projects.exists() or customer.project_groups.exists():
        raise ConflictError("This customer still has projects or project groups.")
    _delete_scope(customer, list(customer.clouds.select_for_update().order_by("pk")), actor=actor)


@transaction.atomic
def delete_project(project: Project, *, actor: User) -> None:
    """Delete a project without instances, together with its memberships and roles."""
    project = lock_scope(project)
    permissions.check_may_change_project(project.customer, list(project.project_groups.all()), actor)
    memberships = list(project.cloud_memberships.select_for_update().order_by("pk"))
    if project.instances.exists():
        raise ConflictError("This project still has instances.")
    _delete_scope(project, memberships, actor=actor)


@transaction.atomic
def delete_project_group(group: ProjectGroup, *, actor: User) -> None:
    """Delete a project group without projects."""
    group = lock_scope(group)
    permissions.check_owns(group.customer, actor)
    if group.project_memberships.exists():
        raise ConflictError("This project group still has projects.")
    _delete_scope(group, actor=actor)


@transaction.atomic
def remove_from_group(membership: ProjectGroupMembership, *, actor: User) -> None:
    """Remove a project from a group."""
    permissions.check_owns(membership.project_group.customer, actor)
    _delete_row(membership, actor=actor)


@transaction.atomic
def delete_cloud(cloud: Cloud, *, actor: User) -> None:
    """Delete a cloud without instances, together with its memberships."""
    cloud = lock_scope(cloud)
    permissions.check_owns(cloud.customer, actor)
    memberships = list(cloud.project_memberships.select_for_update().order_by("pk"))
    if Instance.objects.filter(cloud_project_membership__in=memberships).exists():
        raise ConflictError("There are still instances in this cloud.")
    _delete_scope(cloud, memberships, actor=actor)


@transaction.atomic
def unlink_cloud(membership: ProjectCloudMembership, *, actor: User) -> None:
    """Unlink a project from a cloud where it has no instances."""
    membership = lock_scope(membership)
    permissions.check_owns(membership.project.customer, actor)
    if membership.instances.exists():
        raise ConflictError("The project still has instances in this cloud.")
    _delete_scope(membership, actor=actor)


@transaction.atomic
def delete_instance(instance: Instance, *, actor: User) -> None:
    """Delete an instance."""
    instance = lock_scope(instance)
    permissions.check_may_change_instances(instance.project, actor)
    _delete_scope(instance, actor=actor)


@transaction.atomic
def revoke_role(role: Role, *, actor: User) -> None:
    """Revoke a role. It no longer counts after the commit."""
    permissions.check_may_grant(getattr(role, role.holder), actor)
    _delete_row(role, actor=actor)


DELETE_SERVICES: dict[type, Callable[..., None]] = {
    Customer: delete_customer,
    Project: delete_project,
    ProjectGroup: delete_project_group,
    ProjectGroupMembership: remove_from_group,
    Cloud: delete_cloud,
    ProjectCloudMembership: unlink_cloud,
    Instance: delete_instance,
}


def delete_object(row: InventoryObject, *, actor: Any) -> None:
    """Delete an object of any kind by the service of its kind."""
    DELETE_SERVICES.get(type(row), revoke_role)(row, actor=actor)


def lock_scope(scope: S) -> S:
    """Lock the row and return it, read again: relations of the old object may be narrowed to what a user sees."""
    locked: Any = type(scope)._default_manager.select_for_update().get(pk=scope.pk)
    return locked


def _delete_scope(scope: Scope, others: Sequence[Scope] = (), *, actor: User) -> None:
    """Announce the scopes that are deleted together, then delete them."""
    scopes_deleted.send(type(scope), scopes=[scope, *others], actor=actor)
    _delete_row(scope, actor=actor)


def _delete_row(row: InventoryObject, *, actor: User) -> None:
    audit("deleted", log_name(row), actor=actor)
    row.delete()
