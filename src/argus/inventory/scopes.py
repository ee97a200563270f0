"""Find scopes by link, and find what a scope belongs to."""

from dataclasses import dataclass

from argus.api.links import parse_link
from argus.auth.models import User

from .models import Cloud, Customer, Instance, Project, ProjectCloudMembership, ProjectGroup, Scope
from .visibility import visible_to

SCOPES: dict[str, type[Scope]] = {
    model.kind: model for model in (Customer, Project, ProjectGroup, Instance, ProjectCloudMembership, Cloud)
}
# Memberships have two collections on the wire. Links lead to the other one.
ALIASES = {"cloud-project-memberships": ProjectCloudMembership.collection}
SCOPES_BY_COLLECTION = {model.collection: model for model in SCOPES.values()}

# The relations that ``get_parents`` reads.
PARENT_RELATIONS: dict[type[Scope], tuple[str, ...]] = {
    Customer: (),
    Project: ("customer",),
    ProjectGroup: ("customer",),
    Cloud: ("customer",),
    ProjectCloudMembership: ("project__customer", "cloud"),
    Instance: ("project__customer", "cloud_project_membership__cloud", "cloud_project_membership__project"),
}


def resolve_scope(link: str, *, user: User) -> Scope | None:
    """Return the scope of a link or path, with its parents; ``None`` if the user sees no such scope. One query."""
    parsed = parse_link(link)
    model = SCOPES_BY_COLLECTION.get(ALIASES.get(parsed[0], parsed[0])) if parsed else None
    if parsed is None or model is None:
        return None
    rows = visible_to(model._default_manager.all(), user).select_related(*PARENT_RELATIONS[model])
    return rows.filter(uuid=parsed[1]).first()


@dataclass(frozen=True)
class ScopeParents:
    """What a scope is or belongs to. A project may be in several groups; ``project_group`` is the first by name."""

    customer: Customer
    project: Project | None = None
    project_group: ProjectGroup | None = None
    cloud: Cloud | None = None


def get_parents(scope: Scope) -> ScopeParents:
    """Return what the scope belongs to. At most one query if it was read with its ``PARENT_RELATIONS``."""
    if isinstance(scope, Customer):
        return ScopeParents(scope)
    if isinstance(scope, ProjectGroup):
        return ScopeParents(scope.customer, project_group=scope)
    if isinstance(scope, Cloud):
        return ScopeParents(scope.customer, cloud=scope)
    if isinstance(scope, Instance):
        membership = scope.cloud_project_membership
        return _parents_of(scope.project, membership.cloud if membership else None)
    if isinstance(scope, ProjectCloudMembership):
        return _parents_of(scope.project, scope.cloud)
    assert isinstance(scope, Project)
    return _parents_of(scope, None)


def _parents_of(project: Project, cloud: Cloud | None) -> ScopeParents:
    group = project.project_groups.order_by("name", "pk").first()
    return ScopeParents(project.customer, project, group, cloud)
