"""Who may change what in the inventory. Which rows a user sees is in ``visibility``.

Each ``check_`` function raises ``NotPermittedError``.
"""

from argus.auth.models import User
from argus.util.errors import NotPermittedError

from .models import Customer, CustomerRole, Project, ProjectGroup, ProjectGroupMembership, ProjectGroupRole, ProjectRole
from .visibility import managed_groups


def check_is_staff(actor: User) -> None:
    """Allow staff."""
    if not actor.is_staff:
        raise NotPermittedError("Only staff may do this.")


def check_owns(customer: Customer, actor: User) -> None:
    """Allow staff and owners of the customer."""
    if not owns(customer, actor):
        raise NotPermittedError("Only staff and owners of the customer may do this.")


def check_may_change_project(customer: Customer, groups: list[ProjectGroup], actor: User) -> None:
    """Allow staff, owners of the customer, and users who manage all of the groups, at least one."""
    if not (owns(customer, actor) or manages_all(groups, actor)):
        raise NotPermittedError(
            "Only staff, owners of the customer and managers of all of the project's groups may do this."
        )


def check_may_change_instances(project: Project, actor: User) -> None:
    """Allow staff, owners of the customer, and admins of the project."""
    if not (owns(project.customer, actor) or administers(project, actor)):
        raise NotPermittedError("Only staff, owners of the customer and admins of the project may do this.")


def check_may_grant(holder: Customer | Project | ProjectGroup, actor: User) -> None:
    """Allow staff and owners of the customer; for roles in a project also managers of a group that it is in."""
    if isinstance(holder, Project):
        if not (owns(holder.customer, actor) or manages_group_of(holder, actor)):
            raise NotPermittedError(
                "Only staff, owners of the customer and managers of a group of the project may do this."
            )
    else:
        check_owns(holder if isinstance(holder, Customer) else holder.customer, actor)


def owns(customer: Customer, actor: User) -> bool:
    """Return whether the actor is staff or an owner of the customer."""
    return actor.is_staff or CustomerRole.objects.filter(customer=customer, user=actor).exists()


def administers(project: Project, actor: User) -> bool:
    """Return whether the actor is an admin of the project."""
    return ProjectRole.objects.filter(project=project, user=actor, role=ProjectRole.Kind.ADMIN).exists()


def manages_all(groups: list[ProjectGroup], actor: User) -> bool:
    """Return whether there are groups and the actor manages all of them."""
    managed = ProjectGroupRole.objects.filter(user=actor, project_group__in=groups)
    return bool(groups) and set(managed.values_list("project_group", flat=True)) == {group.pk for group in groups}


def manages_group_of(project: Project, actor: User) -> bool:
    """Return whether the actor manages a group that the project is in."""
    return ProjectGroupMembership.objects.filter(project=project, project_group__in=managed_groups(actor)).exists()
