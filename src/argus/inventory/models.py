"""Customers, their projects, clouds and instances, and the roles of users in them.

Rows change through ``services`` and ``deletion`` only, and never change their parents. Which rows a user sees is in
``visibility``.
"""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q


class InventoryObject(models.Model):
    """An object with a URL: the name of its collection, and a UUID of 32 hexadecimal digits."""

    collection: ClassVar[str]
    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class Scope(InventoryObject):
    """An object that an alert can be about. ``kind`` is its name on the wire."""

    kind: ClassVar[str]
    name: str

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Customer(Scope):
    """An organisation that pays for projects."""

    kind, collection = "customer", "customers"
    name = models.CharField(max_length=150)
    native_name = models.CharField(max_length=150, blank=True)
    abbreviation = models.CharField(max_length=8, blank=True)
    contact_details = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["name", "pk"]


class Project(Scope):
    """A project of a customer. It uses clouds and has instances."""

    kind, collection = "project", "projects"
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="projects")
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    project_groups: models.ManyToManyField = models.ManyToManyField(
        "ProjectGroup", through="ProjectGroupMembership", related_name="projects"
    )

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="project_name_id_idx")]
        ordering = ["name", "pk"]


class ProjectGroup(Scope):
    """Projects of one customer that are managed together. A project may be in several groups."""

    kind, collection = "project_group", "project-groups"
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="project_groups")
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name", "pk"]


class ProjectGroupMembership(InventoryObject):
    """A project in a group of the same customer. It is not a scope."""

    collection = "project-group-memberships"
    project_group = models.ForeignKey(ProjectGroup, models.PROTECT, related_name="project_memberships", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="group_memberships")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project_group", "project"], name="projectgroupmembership_project_group_project_uniq"
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.project_group} | {self.project}"


class Cloud(Scope):
    """An account of a customer with a cloud provider."""

    kind, collection = "cloud", "clouds"
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="clouds")
    name = models.CharField(max_length=150)
    auth_url = models.CharField("authentication URL", max_length=2048, blank=True)

    class Meta:
        ordering = ["name", "pk"]


class ProjectCloudMembership(Scope):
    """A project's use of a cloud of the same customer. It is a scope, named "cloud | project"."""

    kind, collection = "cloud_project_membership", "project-cloud-memberships"
    project = models.ForeignKey(Project, models.CASCADE, related_name="cloud_memberships", db_index=False)
    cloud = models.ForeignKey(Cloud, models.CASCADE, related_name="project_memberships")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "cloud"], name="projectcloudmembership_project_cloud_uniq")
        ]
        ordering = ["pk"]

    @property
    def name(self) -> str:  # type: ignore[override]
        """Return the name on the wire. Reads ``cloud`` and ``project``."""
        return f"{self.cloud.name} | {self.project.name}"


class Instance(Scope):
    """A virtual machine of a project, in one of the project's clouds if that is known."""

    kind, collection = "instance", "instances"
    project = models.ForeignKey(Project, models.PROTECT, related_name="instances")
    cloud_project_membership = models.ForeignKey(
        ProjectCloudMembership, models.PROTECT, related_name="instances", null=True, blank=True
    )
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="instance_name_id_idx")]
        ordering = ["name", "pk"]


class Role(InventoryObject):
    """A role of a user in a customer, a project or a project group; ``holder`` is the name of that field."""

    holder: ClassVar[str]
    role: str
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="%(class)ss")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {getattr(self, self.holder)}"


class CustomerRole(Role):
    """A role in a customer. An owner sees and changes everything of the customer."""

    class Kind(models.TextChoices):
        OWNER = "owner"

    collection, holder = "customer-permissions", "customer"
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "user", "role"], name="customerrole_customer_user_role_uniq"),
            models.CheckConstraint(condition=Q(role__in=["owner"]), name="customerrole_role_check"),
        ]
        ordering = ["pk"]


class ProjectRole(Role):
    """A role in a project. Admins and managers see the same; admins also create and delete instances."""

    class Kind(models.TextChoices):
        ADMIN = "admin"
        MANAGER = "manager"

    collection, holder = "project-permissions", "project"
    project = models.ForeignKey(Project, models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user", "role"], name="projectrole_project_user_role_uniq"),
            models.CheckConstraint(condition=Q(role__in=["admin", "manager"]), name="projectrole_role_check"),
        ]
        ordering = ["pk"]


class ProjectGroupRole(Role):
    """A role in a project group. A manager sees the projects of the group and grants roles in them."""

    class Kind(models.TextChoices):
        MANAGER = "manager"

    collection, holder = "project-group-permissions", "project_group"
    project_group = models.ForeignKey(ProjectGroup, models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Kind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project_group", "user", "role"], name="projectgrouprole_project_group_user_role_uniq"
            ),
            models.CheckConstraint(condition=Q(role__in=["manager"]), name="projectgrouprole_role_check"),
        ]
        ordering = ["pk"]
