"""The inventory as the API shows and takes it. Rules are the services' business."""

from rest_framework import serializers

from argus.api.links import HexUUIDField
from argus.auth.models import User

from ..models import (
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
)
from ..users import users_to_grant_to
from .fields import AddressField, LinkField, ReferenceField, ReferenceListSerializer

USERS = "users"
DESCRIPTION = {"description": {"max_length": 2000}}


def link_to(model, **kwargs) -> LinkField:
    """Return a field for a link to a row of the model."""
    return LinkField(model.objects.visible_to, collection=model.collection, **kwargs)


class ListedSerializer(serializers.ModelSerializer):
    """What all objects have: their address and the UUID in it."""

    url = AddressField(source="*", read_only=True)
    uuid = HexUUIDField(read_only=True)


class CustomerSerializer(ListedSerializer):
    """An organisation that pays for projects."""

    class Meta:
        model = Customer
        fields = ["url", "uuid", "name", "native_name", "abbreviation", "contact_details"]


class GroupReferenceSerializer(serializers.Serializer):
    """A project group that a project is in."""

    url = ReferenceField(ProjectGroup.objects.visible_to, collection=ProjectGroup.collection, source="*")
    uuid = HexUUIDField(read_only=True)
    name = serializers.CharField(read_only=True)

    class Meta:
        list_serializer_class = ReferenceListSerializer


class ProjectSerializer(ListedSerializer):
    """Work of a customer."""

    customer = link_to(Customer)
    project_groups = GroupReferenceSerializer(
        many=True, required=False, help_text="The project groups it is in, of those that the caller sees."
    )

    class Meta:
        model = Project
        fields = ["url", "uuid", "name", "customer", "description", "project_groups"]
        extra_kwargs = DESCRIPTION


class ProjectGroupSerializer(ListedSerializer):
    """Projects of one customer that are looked after together."""

    customer = link_to(Customer)

    class Meta:
        model = ProjectGroup
        fields = ["url", "uuid", "name", "customer", "description"]
        extra_kwargs = DESCRIPTION


class ProjectGroupMembershipSerializer(ListedSerializer):
    """That a project is in a group."""

    project_group = link_to(ProjectGroup)
    project = link_to(Project)

    class Meta:
        model = ProjectGroupMembership
        fields = ["url", "uuid", "project_group", "project"]
        validators = []


class CloudSerializer(ListedSerializer):
    """An account of a customer with a provider of machines."""

    customer = link_to(Customer)

    class Meta:
        model = Cloud
        fields = ["url", "uuid", "name", "customer", "auth_url"]


class ProjectCloudMembershipSerializer(ListedSerializer):
    """That a project uses a cloud."""

    project = link_to(Project)
    cloud = link_to(Cloud)

    class Meta:
        model = ProjectCloudMembership
        fields = ["url", "uuid", "project", "cloud"]
        validators = []


class InstanceSerializer(ListedSerializer):
    """A machine of a project."""

    project = link_to(Project)
    cloud_project_membership = link_to(
        ProjectCloudMembership, required=False, allow_null=True, help_text="By which cloud of the project, if any."
    )

    class Meta:
        model = Instance
        fields = ["url", "uuid", "name", "project", "cloud_project_membership", "description"]
        extra_kwargs = DESCRIPTION


class RoleSerializer(ListedSerializer):
    """What a person is in something."""

    user = LinkField(lambda caller: users_to_grant_to(), collection=USERS)


class CustomerRoleSerializer(RoleSerializer):
    """What a person is in a customer."""

    customer = link_to(Customer)

    class Meta:
        model = CustomerRole
        fields = ["url", "uuid", "customer", "user", "role"]
        validators = []


class ProjectRoleSerializer(RoleSerializer):
    """What a person is in a project."""

    project = link_to(Project)

    class Meta:
        model = ProjectRole
        fields = ["url", "uuid", "project", "user", "role"]
        validators = []


class ProjectGroupRoleSerializer(RoleSerializer):
    """What a person is in a project group."""

    project_group = link_to(ProjectGroup)

    class Meta:
        model = ProjectGroupRole
        fields = ["url", "uuid", "project_group", "user", "role"]
        validators = []


class PersonSerializer(serializers.ModelSerializer):
    """An account, as one sees that of others."""

    url = AddressField(USERS, source="*", read_only=True)
    uuid = HexUUIDField(read_only=True)
    full_name = serializers.CharField(source="get_full_name", read_only=True)

    class Meta:
        model = User
        fields = ["url", "uuid", "username", "full_name"]
        read_only_fields = ["username"]
