"""What alerts are about: customers, what they have, the roles of people in it, and who sees what.

``visible_to`` is the one place of the rules of visibility. Every queryset has it; roles add up, one that is taken away
takes effect at once, and it costs no query of its own. Rows change through ``services`` only.
"""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q


class Listed(models.Model):
    """What has an address of its own: the name of its list and a UUID, which is 32 hexadecimal digits outside."""

    collection: str
    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class Scope(Listed):
    """What an alert can be about. ``kind`` is the word for it on the wire."""

    kind: str

    class Meta:
        abstract = True

    def __str__(self):
        return self.name


def owned_by(user):
    """Return the keys of the customers that the user owns."""
    return CustomerRole.objects.filter(user=user).values("customer")


def worked_on_by(user):
    """Return the keys of the projects that the user is admin or manager of."""
    return ProjectRole.objects.filter(user=user).values("project")


def managed_by(user):
    """Return the keys of the project groups that the user manages."""
    return ProjectGroupRole.objects.filter(user=user).values("project_group")


def grouped_under(user):
    """Return the keys of the projects that are in groups which the user manages."""
    return ProjectGroupMembership.objects.filter(project_group__in=managed_by(user)).values("project")


class VisibleQuerySet(models.QuerySet):
    """Rows of which people see those that their roles show them. Staff sees all."""

    def visible_to(self, user):
        return self if user.is_staff else self.filter(self.rule_for(user))

    def rule_for(self, user) -> Q:
        """Return what a row must fulfil so that the user, who is not staff, sees it."""
        raise NotImplementedError


class CustomerQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Its owners, and whoever has a role in a project or a group of it."""
        return (
            Q(pk__in=owned_by(user))
            | Q(pk__in=Project.objects.filter(pk__in=worked_on_by(user)).values("customer"))
            | Q(pk__in=ProjectGroup.objects.filter(pk__in=managed_by(user)).values("customer"))
        )


class Customer(Scope):
    """An organisation that pays for projects."""

    kind, collection = "customer", "customers"
    name = models.CharField(max_length=150)
    native_name = models.CharField(max_length=150, blank=True)
    abbreviation = models.CharField(max_length=8, blank=True)
    contact_details = models.CharField(max_length=500, blank=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]


class ProjectQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Owners of the customer, its own people, and managers of a group that it is in.

        A union, for what hangs on projects may be a million rows: of conditions joined by OR a planner expects that
        they hold for most projects, and would read all those rows.
        """
        owned = Project.objects.filter(customer__in=owned_by(user)).order_by().values("pk")
        return Q(pk__in=owned.union(worked_on_by(user).order_by(), grouped_under(user).order_by()))


class Project(Scope):
    """Work of a customer: what uses clouds, by instances."""

    kind, collection = "project", "projects"
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="projects")
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    project_groups = models.ManyToManyField("ProjectGroup", through="ProjectGroupMembership", related_name="projects")

    objects = ProjectQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="project_by_name")]
        ordering = ["name", "pk"]


class ProjectGroupQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Owners of the customer, its own managers, and the people of the projects in it."""
        held = ProjectGroupMembership.objects.filter(project__in=worked_on_by(user))
        return Q(customer__in=owned_by(user)) | Q(pk__in=managed_by(user)) | Q(pk__in=held.values("project_group"))


class ProjectGroup(Scope):
    """Projects of one customer that are looked after together. A project may be in several."""

    kind, collection = "project_group", "project-groups"
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="project_groups")
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)

    objects = ProjectGroupQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]


class ProjectGroupMembershipQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Whoever sees both the group and the project."""
        return Q(project_group__in=ProjectGroup.objects.visible_to(user)) & Q(
            project__in=Project.objects.visible_to(user)
        )


class ProjectGroupMembership(Listed):
    """That a project is in a group of the same customer. It is not a scope."""

    collection = "project-group-memberships"
    project_group = models.ForeignKey(ProjectGroup, models.PROTECT, related_name="project_memberships", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="group_memberships")

    objects = ProjectGroupMembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project_group", "project"], name="project_once_in_group"),
        ]
        ordering = ["pk"]

    def __str__(self):
        return f"{self.project_group} | {self.project}"


class CloudQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Owners of the customer, people of linked projects, and managers of a group with a project of the customer."""
        linked = ProjectCloudMembership.objects.filter(project__in=worked_on_by(user))
        return (
            Q(customer__in=owned_by(user))
            | Q(pk__in=linked.values("cloud"))
            | Q(customer__in=Project.objects.filter(pk__in=grouped_under(user)).values("customer"))
        )


class Cloud(Scope):
    """An account of a customer with a provider of machines."""

    kind, collection = "cloud", "clouds"
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="clouds")
    name = models.CharField(max_length=150)
    auth_url = models.CharField("authentication URL", max_length=2048, blank=True)

    objects = CloudQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]


class InProjectQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Whoever sees the project."""
        return Q(project__in=Project.objects.visible_to(user))


class ProjectCloudMembership(Scope):
    """That a project uses a cloud of the same customer. A scope of its own, "cloud | project"."""

    kind, collection = "cloud_project_membership", "project-cloud-memberships"
    project = models.ForeignKey(Project, models.CASCADE, related_name="cloud_memberships", db_index=False)
    cloud = models.ForeignKey(Cloud, models.CASCADE, related_name="project_memberships")

    objects = InProjectQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "cloud"], name="cloud_once_in_project")]
        ordering = ["pk"]

    @property
    def name(self) -> str:
        return f"{self.cloud.name} | {self.project.name}"


class Instance(Scope):
    """A machine of a project, by one of the project's clouds if that is known."""

    kind, collection = "instance", "instances"
    project = models.ForeignKey(Project, models.PROTECT, related_name="instances")
    cloud_project_membership = models.ForeignKey(
        ProjectCloudMembership, models.PROTECT, related_name="instances", null=True, blank=True
    )
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)

    objects = InProjectQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="instance_by_name")]
        ordering = ["name", "pk"]


class Role(Listed):
    """What a person is in a customer, a project or a group; ``holder`` names which."""

    holder: str
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="%(class)ss")

    class Meta:
        abstract = True

    def __str__(self):
        return f"{self.user} is {self.role} of {getattr(self, self.holder)}"


class RoleQuerySet(VisibleQuerySet):
    def rule_for(self, user):
        """Whoever sees what the role is in."""
        holder = self.model._meta.get_field(self.model.holder)
        return Q(**{f"{holder.name}__in": holder.related_model.objects.visible_to(user)})


class CustomerRole(Role):
    """An owner sees and arranges everything of the customer."""

    class Kind(models.TextChoices):
        OWNER = "owner"

    collection, holder = "customer-permissions", "customer"
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Kind.choices)

    objects = RoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "user", "role"], name="customer_role_once"),
            models.CheckConstraint(condition=Q(role__in=["owner"]), name="customer_role_known"),
        ]
        ordering = ["pk"]


class ProjectRole(Role):
    """Admins and managers see the same of a project; admins have instances made and removed."""

    class Kind(models.TextChoices):
        ADMIN = "admin"
        MANAGER = "manager"

    collection, holder = "project-permissions", "project"
    project = models.ForeignKey(Project, models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Kind.choices)

    objects = RoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user", "role"], name="project_role_once"),
            models.CheckConstraint(condition=Q(role__in=["admin", "manager"]), name="project_role_known"),
        ]
        ordering = ["pk"]


class ProjectGroupRole(Role):
    """A manager of a group sees all projects in it, and arranges who works on them."""

    class Kind(models.TextChoices):
        MANAGER = "manager"

    collection, holder = "project-group-permissions", "project_group"
    project_group = models.ForeignKey(ProjectGroup, models.CASCADE, related_name="roles", db_index=False)
    role = models.CharField(max_length=10, choices=Kind.choices)

    objects = RoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project_group", "user", "role"], name="project_group_role_once"),
            models.CheckConstraint(condition=Q(role__in=["manager"]), name="project_group_role_known"),
        ]
        ordering = ["pk"]
