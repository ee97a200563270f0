"""Which rows of the inventory a user sees: the rules, as conditions of queries.

Roles add up, and a role counts from the commit that grants it to the commit that revokes it. A condition is part of the
query of the rows, so it takes no query of its own.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from argus.auth.models import User

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

Row = TypeVar("Row", bound=Model)


def owned_customers(user: User) -> QuerySet:
    """Return the keys of the customers that the user owns."""
    return CustomerRole.objects.filter(user=user).values("customer")


def assigned_projects(user: User) -> QuerySet:
    """Return the keys of the projects that the user has a role in."""
    return ProjectRole.objects.filter(user=user).values("project")


def managed_groups(user: User) -> QuerySet:
    """Return the keys of the project groups that the user manages."""
    return ProjectGroupRole.objects.filter(user=user).values("project_group")


def managed_projects(user: User) -> QuerySet:
    """Return the keys of the projects in groups that the user manages."""
    return ProjectGroupMembership.objects.filter(project_group__in=managed_groups(user)).values("project")


def customers(user: User) -> Q:
    """Users see customers that they own, or where they have a role in a project or a group."""
    return (
        Q(pk__in=owned_customers(user))
        | Q(pk__in=Project.objects.filter(pk__in=assigned_projects(user)).values("customer"))
        | Q(pk__in=ProjectGroup.objects.filter(pk__in=managed_groups(user)).values("customer"))
    )


def projects(user: User) -> Q:
    """Users see projects of customers that they own, where they have a role, or in a group that they manage.

    A UNION instead of OR: PostgreSQL expects that conditions joined by OR hold for most projects, and would read all
    rows that refer to projects. Of 200 000 instances it reads 500 by index in under 1 ms; with OR it read all in 60 ms.
    """
    owned = Project.objects.filter(customer__in=owned_customers(user)).order_by().values("pk")
    return Q(pk__in=owned.union(assigned_projects(user).order_by(), managed_projects(user).order_by()))


def project_groups(user: User) -> Q:
    """Users see groups of customers that they own, that they manage, or with a project where they have a role."""
    with_project = ProjectGroupMembership.objects.filter(project__in=assigned_projects(user))
    return (
        Q(customer__in=owned_customers(user))
        | Q(pk__in=managed_groups(user))
        | Q(pk__in=with_project.values("project_group"))
    )


def project_group_memberships(user: User) -> Q:
    """Users see the membership if they see both the group and the project."""
    groups, projects = visible_to(ProjectGroup.objects.all(), user), visible_to(Project.objects.all(), user)
    return Q(project_group__in=groups) & Q(project__in=projects)


def clouds(user: User) -> Q:
    """Users see clouds of customers that they own, and clouds of projects where they have a role.

    Managers of a project group see all clouds of the customer.
    """
    linked = ProjectCloudMembership.objects.filter(project__in=assigned_projects(user))
    return (
        Q(customer__in=owned_customers(user))
        | Q(pk__in=linked.values("cloud"))
        | Q(customer__in=Project.objects.filter(pk__in=managed_projects(user)).values("customer"))
    )


def rows_of_visible_projects(user: User) -> Q:
    """Users see rows of projects that they see."""
    return Q(project__in=visible_to(Project.objects.all(), user))


def roles(model: type[Role]) -> Callable[[User], Q]:
    """Users see the roles in customers, projects and groups that they see."""

    def condition(user: User) -> Q:
        field: Any = model._meta.get_field(model.holder)
        return Q(**{f"{model.holder}__in": visible_to(field.related_model._default_manager.all(), user)})

    return condition


CONDITIONS: dict[type[Model], Callable[[User], Q]] = {
    Customer: customers,
    Project: projects,
    ProjectGroup: project_groups,
    ProjectGroupMembership: project_group_memberships,
    Cloud: clouds,
    ProjectCloudMembership: rows_of_visible_projects,
    Instance: rows_of_visible_projects,
    CustomerRole: roles(CustomerRole),
    ProjectRole: roles(ProjectRole),
    ProjectGroupRole: roles(ProjectGroupRole),
}


def visible_to(rows: QuerySet[Row], user: User) -> QuerySet[Row]:
    """Return the rows of one model that the user sees. Staff sees all."""
    return rows if user.is_staff else rows.filter(CONDITIONS[rows.model](user))


def users_visible_to(user: User) -> QuerySet[User]:
    """Return the user, and all users with a role that the user sees. Staff sees all users."""
    if user.is_staff:
        return User.objects.all()
    visible = Q(pk=user.pk)
    for model in (CustomerRole, ProjectRole, ProjectGroupRole):
        visible |= Q(pk__in=visible_to(model.objects.all(), user).values("user"))
    return User.objects.filter(visible)


def users_with_grantable_roles() -> QuerySet[User]:
    """Return the users who can be given a role: all active ones.

    The granting user may not see the other one yet, and needs the link, which is hard to guess.
    """
    return User.objects.filter(is_active=True)
