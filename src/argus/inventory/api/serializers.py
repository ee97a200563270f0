"""Serializers of the inventory: the shapes of bodies. The rules are in the services."""

from functools import partial
from typing import Any, ClassVar

from rest_framework import serializers

from argus.api.links import HexUUIDField
from argus.auth.models import User

from ..models import (
    Cloud,
    Customer,
    CustomerRole,
    Instance,
    InventoryObject,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
    ProjectGroupRole,
    ProjectRole,
)
from ..visibility import users_with_grantable_roles, visible_to
from .fields import LinkField, ReferenceField, ReferenceListSerializer, URLField

USERS = "users"
# Groups of a new project. More can be added one by one.
MAX_GROUPS = 500
DESCRIPTION = {"description": {"max_length": 2000}}


def link_to(model: type[InventoryObject], **kwargs: Any) -> LinkField:
    """Return a field for links to visible rows of the model."""
    return LinkField(partial(visible_to, model._default_manager.all()), collection=model.collection, **kwargs)


class InventorySerializer(serializers.ModelSerializer):
    """The fields of all objects: their URL and the UUID in it."""

    url = URLField(source="*", read_only=True)
    uuid = HexUUIDField(read_only=True)


class CustomerSerializer(InventorySerializer):
    """An organisation that pays for projects."""

    class Meta:
        model = Customer
        fields = ["url", "uuid", "name", "native_name", "abbreviation", "contact_details"]


class GroupReferenceSerializer(serializers.Serializer):
    """A project group that a project is in."""

    url = ReferenceField(
        partial(visible_to, ProjectGroup.objects.all()), collection=ProjectGroup.collection, source="*"
    )
    uuid = HexUUIDField(read_only=True)
    name = serializers.CharField(read_only=True)

    class Meta:
        list_serializer_class = ReferenceListSerializer


class ProjectSerializer(InventorySerializer):
    """A project of a customer."""

    customer = link_to(Customer)
    project_groups = ReferenceListSerializer(
        child=GroupReferenceSerializer(),
        required=False,
        max_length=MAX_GROUPS,
        help_text="The project groups that it is in and that the user sees.",
    )

    class Meta:
        model = Project
        fields = ["url", "uuid", "name", "customer", "description", "project_groups"]
        extra_kwargs = DESCRIPTION


class ProjectGroupSerializer(InventorySerializer):
    """Projects of one customer that are managed together."""

    customer = link_to(Customer)

    class Meta:
        model = ProjectGroup
        fields = ["url", "uuid", "name", "customer", "description"]
        extra_kwargs = DESCRIPTION


class ProjectGroupMembershipSerializer(InventorySerializer):
    """A project in a project group."""

    project_group = link_to(ProjectGroup)
    project = link_to(Project)

    class Meta:
        model = ProjectGroupMembership
        fields = ["url", "uuid", "project_group", "project"]
        validators: ClassVar[list] = []


class CloudSerializer(InventorySerializer):
    """An account of a customer with a cloud provider."""

    customer = link_to(Customer)

    class Meta:
        model = Cloud
        fields = ["url", "uuid", "name", "customer", "auth_url"]


class ProjectCloudMembershipSerializer(InventorySerializer):
    """A project's use of a cloud."""

    project = link_to(Project)
    cloud = link_to(Cloud)

    class Meta:
        model = ProjectCloudMembership
        fields = ["url", "uuid", "project", "cloud"]
        validators: ClassVar[list] = []


class InstanceSerializer(InventorySerializer):
    """A virtual machine of a project."""

    project = link_to(Project)
    cloud_project_membership = link_to(
        ProjectCloudMembership,
        required=False,
        allow_null=True,
        help_text="The membership of the cloud that it runs in, if known.",
    )

    class Meta:
        model = Instance
        fields = ["url", "uuid", "name", "project", "cloud_project_membership", "description"]
        extra_kwargs = DESCRIPTION


class RoleSerializer(InventorySerializer):
    """A role of a user."""

    user = LinkField(lambda actor: users_with_grantable_roles(), collection=USERS)


class CustomerRoleSerializer(RoleSerializer):
    """A role of a user in a customer."""

    customer = link_to(Customer)

    class Meta:
        model = CustomerRole
        fields = ["url", "uuid", "customer", "user", "role"]
        validators: ClassVar[list] = []


class ProjectRoleSerializer(RoleSerializer):
    """A role of a user in a project."""

    project = link_to(Project)

    class Meta:
        model = ProjectRole
        fields = ["url", "uuid", "project", "user", "role"]
        validators: ClassVar[list] = []


class ProjectGroupRoleSerializer(RoleSerializer):
    """A role of a user in a project group."""

    project_group = link_to(ProjectGroup)

    class Meta:
        model = ProjectGroupRole
        fields = ["url", "uuid", "project_group", "user", "role"]
        validators: ClassVar[list] = []


class PersonSerializer(serializers.ModelSerializer):
    """A user, as others see them."""

    url = URLField(USERS, source="*", read_only=True)
    uuid = HexUUIDField(read_only=True)
    full_name = serializers.CharField(source="get_full_name", read_only=True)

    class Meta:
        model = User
        fields = ["url", "uuid", "username", "full_name"]
        read_only_fields = ["username"]
