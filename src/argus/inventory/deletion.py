"""How things leave the inventory, and in time for those who keep something about them.

Each function is one transaction. The row, and those that go along with it, are locked first, in the order of
``services`` and by their keys; then nothing can be put below them, and what stands in the way stays what it is.
A row that is gone already raises ``DoesNotExist``, one that something hangs on ``Conflict``.
"""

from django.db import transaction

from argus.util.errors import ConflictError
from argus.util.logs import audit, log_name

from . import rules
from .models import (
    Cloud,
    Customer,
    Instance,
    Listed,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
    Role,
    Scope,
)
from .signals import scopes_deleted


@transaction.atomic
def delete_customer(customer: Customer, *, actor) -> None:
    """Forget a customer who has neither projects nor groups any more, with the clouds and roles that are left."""
    rules.check_is_staff(actor)
    customer = lock(customer)
    if customer.projects.exists() or customer.project_groups.exists():
        raise ConflictError("This customer still has projects or project groups.")
    remove(customer, [*customer.clouds.select_for_update().order_by("pk")], actor=actor)


@transaction.atomic
def delete_project(project: Project, *, actor) -> None:
    """Forget a project that has no instances any more; it leaves its groups and clouds."""
    project = lock(project)
    rules.check_may_arrange_project(project.customer, [*project.project_groups.all()], actor)
    memberships = [*project.cloud_memberships.select_for_update().order_by("pk")]
    if project.instances.exists():
        raise ConflictError("This project still has instances.")
    remove(project, memberships, actor=actor)


@transaction.atomic
def delete_project_group(group: ProjectGroup, *, actor) -> None:
    """Forget a group that no project is in any more."""
    group = lock(group)
    rules.check_owns(group.customer, actor)
    if group.project_memberships.exists():
        raise ConflictError("This project group still has projects.")
    remove(group, actor=actor)


@transaction.atomic
def remove_from_group(membership: ProjectGroupMembership, *, actor) -> None:
    """Take a project out of a group."""
    rules.check_owns(membership.project_group.customer, actor)
    take_away(membership, actor=actor)


@transaction.atomic
def delete_cloud(cloud: Cloud, *, actor) -> None:
    """Forget a cloud and which projects used it, if no instance is in it."""
    cloud = lock(cloud)
    rules.check_owns(cloud.customer, actor)
    memberships = [*cloud.project_memberships.select_for_update().order_by("pk")]
    if Instance.objects.filter(cloud_project_membership__in=memberships).exists():
        raise ConflictError("There are still instances in this cloud.")
    remove(cloud, memberships, actor=actor)


@transaction.atomic
def unlink_cloud(membership: ProjectCloudMembership, *, actor) -> None:
    """Let a project use a cloud no longer, if it has no instance there."""
    membership = lock(membership)
    rules.check_owns(membership.project.customer, actor)
    if membership.instances.exists():
        raise ConflictError("The project still has instances in this cloud.")
    remove(membership, actor=actor)


@transaction.atomic
def delete_instance(instance: Instance, *, actor) -> None:
    """Forget an instance."""
    instance = lock(instance)
    rules.check_may_arrange_instances(instance.project, actor)
    remove(instance, actor=actor)


@transaction.atomic
def revoke_role(role: Role, *, actor) -> None:
    """Take a role away; it takes effect with the commit."""
    rules.check_may_staff(getattr(role, role.holder), actor)
    take_away(role, actor=actor)


WAYS = {
    Customer: delete_customer,
    Project: delete_project,
    ProjectGroup: delete_project_group,
    ProjectGroupMembership: remove_from_group,
    Cloud: delete_cloud,
    ProjectCloudMembership: unlink_cloud,
    Instance: delete_instance,
}


def delete(row: Listed, *, actor) -> None:
    """Delete a row of any kind in the way of its kind."""
    WAYS.get(type(row), revoke_role)(row, actor=actor)


def lock(scope: Scope) -> Scope:
    """Return the row anew, locked: what was read along with the old one may be what some caller sees of it."""
    return type(scope).objects.select_for_update().get(pk=scope.pk)


def remove(scope: Scope, along: list[Scope] = (), *, actor) -> None:
    """Tell of the scope and of those that go along with it, then delete them."""
    scopes_deleted.send(type(scope), scopes=[scope, *along], actor=actor)
    take_away(scope, actor=actor)


def take_away(row: Listed, *, actor) -> None:
    """Delete the row, and write down who did."""
    audit("deleted", log_name(row), actor=actor)
    row.delete()
