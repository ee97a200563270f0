"""Who may arrange what. Whether somebody sees it at all is the business of ``visible_to``."""

from argus.util.errors import NotPermittedError

from .models import (
    Customer,
    CustomerRole,
    Project,
    ProjectGroup,
    ProjectGroupMembership,
    ProjectGroupRole,
    ProjectRole,
    managed_by,
)


def check_is_staff(actor) -> None:
    """Refuse all but staff."""
    if not actor.is_staff:
        raise NotPermittedError("Only staff may do this.")


def check_owns(customer: Customer, actor) -> None:
    """Refuse all but staff and owners of the customer."""
    if not owns(customer, actor):
        raise NotPermittedError("Only staff and owners of the customer may do this.")


def check_may_arrange_project(customer: Customer, groups: list[ProjectGroup], actor) -> None:
    """Refuse all but staff, owners of the customer, and who manages all of the groups, if there are any."""
    if not (owns(customer, actor) or manages_all(groups, actor)):
        raise NotPermittedError(
            "Only staff, owners of the customer and managers of all of the project's groups may do this."
        )


def check_may_arrange_instances(project: Project, actor) -> None:
    """Refuse all but staff, owners of the customer, and admins of the project."""
    if not (owns(project.customer, actor) or administers(project, actor)):
        raise NotPermittedError("Only staff, owners of the customer and admins of the project may do this.")


def check_may_staff(holder: Customer | Project | ProjectGroup, actor) -> None:
    """Refuse whoever may not say what people are in this customer, project or group."""
    if isinstance(holder, Project):
        if not (owns(holder.customer, actor) or manages_one_with(holder, actor)):
            raise NotPermittedError(
                "Only staff, owners of the customer and managers of a group of the project may do this."
            )
    else:
        check_owns(holder if isinstance(holder, Customer) else holder.customer, actor)


def owns(customer: Customer, actor) -> bool:
    return actor.is_staff or CustomerRole.objects.filter(customer=customer, user=actor).exists()


def administers(project: Project, actor) -> bool:
    return ProjectRole.objects.filter(project=project, user=actor, role=ProjectRole.Kind.ADMIN).exists()


def manages_all(groups: list[ProjectGroup], actor) -> bool:
    managed = ProjectGroupRole.objects.filter(user=actor, project_group__in=groups)
    return bool(groups) and set(managed.values_list("project_group", flat=True)) == {group.pk for group in groups}


def manages_one_with(project: Project, actor) -> bool:
    return ProjectGroupMembership.objects.filter(project=project, project_group__in=managed_by(actor)).exists()
