"""Scopes by their names and links, and what is around each of them."""

from dataclasses import dataclass

from argus.api.links import read_link

from .models import Cloud, Customer, Instance, Project, ProjectCloudMembership, ProjectGroup, Scope

SCOPES: dict[str, type[Scope]] = {
    model.kind: model for model in (Customer, Project, ProjectGroup, Instance, ProjectCloudMembership, Cloud)
}
# Memberships go by two names (contract); this is the one that is not shown.
ALIASES = {"cloud-project-memberships": ProjectCloudMembership.collection}
BY_COLLECTION = {model.collection: model for model in SCOPES.values()}


def resolve_scope(link: str, *, user) -> Scope | None:
    """Return the scope that a link or path names; ``None`` if it names none, or none that the user sees. One query.

    ``customer``, ``project`` and ``cloud`` of the scope come along.
    """
    named = read_link(link)
    model = BY_COLLECTION.get(ALIASES.get(named[0], named[0])) if named else None
    if model is None:
        return None
    return model.objects.visible_to(user).select_related(*PARENTS[model]).filter(uuid=named[1]).first()


# What ``surroundings_of`` reads of a scope.
PARENTS: dict[type[Scope], tuple[str, ...]] = {
    Customer: (),
    Project: ("customer",),
    ProjectGroup: ("customer",),
    Cloud: ("customer",),
    ProjectCloudMembership: ("project__customer", "cloud"),
    Instance: ("project__customer", "cloud_project_membership__cloud", "cloud_project_membership__project"),
}


@dataclass(frozen=True)
class Surroundings:
    """What a scope is, or is in. A project may be in several groups; ``project_group`` is the first by name."""

    customer: Customer
    project: Project | None = None
    project_group: ProjectGroup | None = None
    cloud: Cloud | None = None


def surroundings_of(scope: Scope) -> Surroundings:
    """Return what belongs to the scope. One query, if it was read with its ``PARENTS``."""
    if isinstance(scope, Customer):
        return Surroundings(scope)
    if isinstance(scope, ProjectGroup):
        return Surroundings(scope.customer, project_group=scope)
    if isinstance(scope, Cloud):
        return Surroundings(scope.customer, cloud=scope)
    project = scope if isinstance(scope, Project) else scope.project
    membership = scope.cloud_project_membership if isinstance(scope, Instance) else scope
    cloud = membership.cloud if isinstance(membership, ProjectCloudMembership) else None
    return Surroundings(project.customer, project, project.project_groups.order_by("name", "pk").first(), cloud)
