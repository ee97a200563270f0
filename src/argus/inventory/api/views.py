"""Views of the inventory: list, create, show and delete the objects that the user sees. Objects never change."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Prefetch, QuerySet
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from argus.api.counted_pagination import CountedPagination
from argus.api.links import Links
from argus.auth.requests import get_actor

from .. import deletion, permissions, services
from ..models import Cloud, Customer, Instance, Project, ProjectCloudMembership, ProjectGroup, ProjectGroupMembership
from ..visibility import visible_to
from . import openapi, serializers


class InventoryView(generics.GenericAPIView):
    """Objects of one kind, of which the user gets the visible ones."""

    lookup_field = "uuid"

    def get_queryset(self) -> QuerySet:
        return visible_to(self.get_rows(), get_actor(self.request))

    def get_rows(self) -> Any:
        """Return all objects, with the relations that are shown to the user."""
        return super().get_queryset()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "links": Links(self.request)}


class CreateListView(InventoryView, generics.ListCreateAPIView):
    """List objects and create one by ``service``, which takes the field ``subject`` as positional argument."""

    pagination_class = CountedPagination
    service: ClassVar[Callable[..., models.Model]]
    subject: ClassVar[str]

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.check_may_create()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        # Represent it before the commit: afterwards it may be deleted, or no longer visible to the user.
        with transaction.atomic():
            created = self.service(values.pop(self.subject), actor=get_actor(request), **values)
            data = self.get_serializer(self.get_rows().get(pk=created.pk)).data
        return Response(data, status=status.HTTP_201_CREATED, headers={"Location": data["url"]})

    def check_may_create(self) -> None:
        """Refuse users who may never create such objects, before the body is read."""


class DetailView(InventoryView, generics.RetrieveAPIView):
    """Show one object, and delete it by ``delete_service``."""

    conflicting_methods: ClassVar[tuple[str, ...]] = ("DELETE",)
    delete_service: ClassVar[Callable[..., None]]

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.delete_service(self.get_object(), actor=get_actor(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CustomerMixin(InventoryView):
    serializer_class = serializers.CustomerSerializer
    queryset = Customer.objects.all()


@openapi.customer_list
class CustomerListView(CustomerMixin, CreateListView):
    service, subject = staticmethod(services.create_customer), "name"

    def check_may_create(self) -> None:
        permissions.check_is_staff(get_actor(self.request))


@openapi.customer
class CustomerView(CustomerMixin, DetailView):
    delete_service = staticmethod(deletion.delete_customer)


class ProjectMixin(InventoryView):
    serializer_class = serializers.ProjectSerializer
    queryset = Project.objects.select_related("customer")

    def get_rows(self) -> Any:
        groups = visible_to(ProjectGroup.objects.all(), get_actor(self.request))
        return super().get_rows().prefetch_related(Prefetch("project_groups", groups))


@openapi.project_list
class ProjectListView(ProjectMixin, CreateListView):
    service, subject = staticmethod(services.create_project), "customer"


@openapi.project
class ProjectView(ProjectMixin, DetailView):
    delete_service = staticmethod(deletion.delete_project)


class ProjectGroupMixin(InventoryView):
    serializer_class = serializers.ProjectGroupSerializer
    queryset = ProjectGroup.objects.select_related("customer")


@openapi.project_group_list
class ProjectGroupListView(ProjectGroupMixin, CreateListView):
    service, subject = staticmethod(services.create_project_group), "customer"


@openapi.project_group
class ProjectGroupView(ProjectGroupMixin, DetailView):
    delete_service = staticmethod(deletion.delete_project_group)


class ProjectGroupMembershipMixin(InventoryView):
    serializer_class = serializers.ProjectGroupMembershipSerializer
    queryset = ProjectGroupMembership.objects.select_related("project_group__customer", "project")


@openapi.project_group_membership_list
class ProjectGroupMembershipListView(ProjectGroupMembershipMixin, CreateListView):
    service, subject = staticmethod(services.add_to_group), "project"


@openapi.project_group_membership
class ProjectGroupMembershipView(ProjectGroupMembershipMixin, DetailView):
    conflicting_methods = ()
    delete_service = staticmethod(deletion.remove_from_group)


class CloudMixin(InventoryView):
    serializer_class = serializers.CloudSerializer
    queryset = Cloud.objects.select_related("customer")


@openapi.cloud_list
class CloudListView(CloudMixin, CreateListView):
    service, subject = staticmethod(services.create_cloud), "customer"


@openapi.cloud
class CloudView(CloudMixin, DetailView):
    delete_service = staticmethod(deletion.delete_cloud)


class ProjectCloudMembershipMixin(InventoryView):
    serializer_class = serializers.ProjectCloudMembershipSerializer
    queryset = ProjectCloudMembership.objects.select_related("project__customer", "cloud")


@openapi.project_cloud_membership_list
class ProjectCloudMembershipListView(ProjectCloudMembershipMixin, CreateListView):
    service, subject = staticmethod(services.link_cloud), "project"


@openapi.project_cloud_membership
class ProjectCloudMembershipView(ProjectCloudMembershipMixin, DetailView):
    delete_service = staticmethod(deletion.unlink_cloud)


@openapi.cloud_project_membership_list
class CloudProjectMembershipListView(ProjectCloudMembershipListView):
    """The same at another URL, which follows from the name of the scope."""


@openapi.cloud_project_membership
class CloudProjectMembershipView(ProjectCloudMembershipView):
    """The same at another URL, which follows from the name of the scope."""


class InstanceMixin(InventoryView):
    serializer_class = serializers.InstanceSerializer
    queryset = Instance.objects.select_related("project__customer", "cloud_project_membership")


@openapi.instance_list
class InstanceListView(InstanceMixin, CreateListView):
    service, subject = staticmethod(services.create_instance), "project"


@openapi.instance
class InstanceView(InstanceMixin, DetailView):
    delete_service = staticmethod(deletion.delete_instance)
