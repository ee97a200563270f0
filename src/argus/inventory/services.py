"""The makers of the inventory: hold what the new row hangs on, look at the rules, write.

Each function is one transaction; ``actor`` is on whose behalf. Refusals are ``DomainError``; what the actor is not
entitled to is ``NotPermittedError``. What a new row refers to is locked until the commit, always in the order customer,
group, project, cloud, membership, user: nothing can be deleted from under it. No row ever changes its parents, so that
what was compared once, such as the customers of a project and its group, stays true.
"""

from django.db import transaction

from argus.util.errors import DomainError
from argus.util.logs import audit, log_name
from argus.util.urls import check_http_url

from . import rules
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

ROLES: dict[type, type[Role]] = {Customer: CustomerRole, Project: ProjectRole, ProjectGroup: ProjectGroupRole}


def create_customer(
    name: str, *, actor, native_name: str = "", abbreviation: str = "", contact_details: str = ""
) -> Customer:
    """Take in a new customer, who has no owner yet."""
    rules.check_is_staff(actor)
    customer = Customer.objects.create(
        name=name, native_name=native_name, abbreviation=abbreviation, contact_details=contact_details
    )
    return told(customer, actor)


@transaction.atomic
def create_project(
    customer: Customer, *, actor, name: str, description: str = "", project_groups: list[ProjectGroup] = ()
) -> Project:
    """Start a project of the customer, in some of the customer's groups."""
    hold(customer, field="customer")
    groups = [hold(group, field="project_groups") for group in sorted(set(project_groups), key=lambda group: group.pk)]
    rules.check_may_arrange_project(customer, groups, actor)
    for group in groups:
        check_same_customer(customer, group, field="project_groups")
    project = Project.objects.create(customer=customer, name=name, description=description)
    ProjectGroupMembership.objects.bulk_create(
        ProjectGroupMembership(project_group=group, project=project) for group in groups
    )
    return told(project, actor)


@transaction.atomic
def create_project_group(customer: Customer, *, actor, name: str, description: str = "") -> ProjectGroup:
    """Make a group for projects of the customer."""
    hold(customer, field="customer")
    rules.check_owns(customer, actor)
    return told(ProjectGroup.objects.create(customer=customer, name=name, description=description), actor)


@transaction.atomic
def add_to_group(project: Project, *, actor, project_group: ProjectGroup) -> ProjectGroupMembership:
    """Put the project into a group of the same customer."""
    hold(project_group, field="project_group")
    hold(project, field="project")
    rules.check_owns(project_group.customer, actor)
    check_same_customer(project_group.customer, project, field="project")
    check_is_new(ProjectGroupMembership(project_group=project_group, project=project))
    return told(ProjectGroupMembership.objects.create(project_group=project_group, project=project), actor)


@transaction.atomic
def create_cloud(customer: Customer, *, actor, name: str, auth_url: str = "") -> Cloud:
    """Make a cloud of the customer known."""
    check_http_url(auth_url, field="auth_url")
    hold(customer, field="customer")
    rules.check_owns(customer, actor)
    return told(Cloud.objects.create(customer=customer, name=name, auth_url=auth_url), actor)


@transaction.atomic
def link_cloud(project: Project, *, actor, cloud: Cloud) -> ProjectCloudMembership:
    """Let the project use a cloud of the same customer."""
    hold(project, field="project")
    hold(cloud, field="cloud")
    rules.check_owns(project.customer, actor)
    check_same_customer(project.customer, cloud, field="cloud")
    check_is_new(ProjectCloudMembership(project=project, cloud=cloud))
    return told(ProjectCloudMembership.objects.create(project=project, cloud=cloud), actor)


@transaction.atomic
def create_instance(
    project: Project,
    *,
    actor,
    name: str,
    cloud_project_membership: ProjectCloudMembership | None = None,
    description: str = "",
) -> Instance:
    """Make an instance of the project known, in one of the project's clouds or nobody knows where."""
    hold(project, field="project")
    if cloud_project_membership is not None:
        hold(cloud_project_membership, field="cloud_project_membership")
    rules.check_may_arrange_instances(project, actor)
    if cloud_project_membership is not None and cloud_project_membership.project_id != project.pk:
        raise DomainError("This is a membership of another project.", field="cloud_project_membership")
    instance = Instance.objects.create(
        project=project, name=name, cloud_project_membership=cloud_project_membership, description=description
    )
    return told(instance, actor)


@transaction.atomic
def grant_role(holder: Customer | Project | ProjectGroup, *, actor, user, role: str) -> Role:
    """Make the user something in the customer, project or group; it takes effect with the commit."""
    model = ROLES[type(holder)]
    hold(holder, field=model.holder)
    hold(user, field="user")
    rules.check_may_staff(holder, actor)
    if role not in model.Kind.values:
        raise DomainError(f"There is no such role; choose from {', '.join(model.Kind.values)}.", field="role")
    new = model(**{model.holder: holder}, user=user, role=role)
    check_is_new(new)
    new.save(force_insert=True)
    return told(new, actor)


def told(row, actor):
    """Write down who has made the row, and return it."""
    audit("added", log_name(row), actor=actor)
    return row


def hold(row, *, field: str):
    """Lock a row until the commit, so that nobody deletes it. Raises ``DomainError`` if it is gone already."""
    if not type(row)._base_manager.select_for_update(no_key=True).filter(pk=row.pk).exists():
        raise DomainError("This has just been deleted.", field=field)
    return row


def check_same_customer(customer: Customer, row, *, field: str) -> None:
    if row.customer_id != customer.pk:
        raise DomainError("This belongs to another customer.", field=field)


def check_is_new(row) -> None:
    """Refuse a row that is there already. What it refers to is held, so nobody else can add it meanwhile."""
    (constraint,) = (one for one in row._meta.constraints if hasattr(one, "fields"))
    same = {name: getattr(row, name) for name in constraint.fields}
    if type(row).objects.filter(**same).exists():
        raise DomainError("This exists already.")
