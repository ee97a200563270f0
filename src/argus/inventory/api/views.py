"""The inventory over REST: find, hand over, show. One sees what ``visible_to`` says; nothing is changed once made."""

from django.db import transaction
from django.db.models import Prefetch
from rest_framework import generics, status
from rest_framework.response import Response

from argus.api.counted_pagination import CountedPagination
from argus.api.links import Links

from .. import deletion, rules, services
from ..models import Cloud, Customer, Instance, Project, ProjectCloudMembership, ProjectGroup, ProjectGroupMembership
from . import openapi, serializers


class ListedRows(generics.GenericAPIView):
    """Rows of one kind, of which the caller gets those that she sees."""

    lookup_field = "uuid"

    def get_queryset(self):
        return self.get_rows().visible_to(self.request.user)

    def get_rows(self):
        """Return all rows, with what is needed to show them to the caller."""
        return super().get_queryset()

    def get_serializer_context(self):
        return super().get_serializer_context() | {"links": Links(self.request)}


class ListView(ListedRows, generics.ListCreateAPIView):
    """All rows of the kind, and the door for new ones: ``make`` calls the service."""

    pagination_class = CountedPagination

    def create(self, request):
        self.check_may_post()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        # Shown before the commit: right after it, it may be gone, or out of the caller's sight.
        with transaction.atomic():
            made = self.make(request.user, **serializer.validated_data)
            shown = self.get_serializer(self.get_rows().get(pk=made.pk)).data
        return Response(shown, status=status.HTTP_201_CREATED, headers={"Location": shown["url"]})

    def check_may_post(self) -> None:
        """Refuse those who never may, before the body is looked at."""

    def make(self, actor, **data):
        raise NotImplementedError


class DetailView(ListedRows, generics.RetrieveAPIView):
    """One row; ``remove`` is the service that deletes it."""

    conflicting_methods = ("DELETE",)

    def delete(self, request, uuid):
        self.remove(self.get_object(), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def remove(self, row, *, actor) -> None:
        raise NotImplementedError


class CustomerRows(ListedRows):
    serializer_class = serializers.CustomerSerializer
    queryset = Customer.objects.all()


@openapi.customer_list
class CustomerListView(CustomerRows, ListView):
    def check_may_post(self):
        rules.check_is_staff(self.request.user)

    def make(self, actor, name, **data):
        return services.create_customer(name, actor=actor, **data)


@openapi.customer
class CustomerView(CustomerRows, DetailView):
    remove = staticmethod(deletion.delete_customer)


class ProjectRows(ListedRows):
    serializer_class = serializers.ProjectSerializer
    queryset = Project.objects.select_related("customer")

    def get_rows(self):
        groups = ProjectGroup.objects.visible_to(self.request.user)
        return super().get_rows().prefetch_related(Prefetch("project_groups", groups))


@openapi.project_list
class ProjectListView(ProjectRows, ListView):
    def make(self, actor, customer, **data):
        return services.create_project(customer, actor=actor, **data)


@openapi.project
class ProjectView(ProjectRows, DetailView):
    remove = staticmethod(deletion.delete_project)


class ProjectGroupRows(ListedRows):
    serializer_class = serializers.ProjectGroupSerializer
    queryset = ProjectGroup.objects.select_related("customer")


@openapi.project_group_list
class ProjectGroupListView(ProjectGroupRows, ListView):
    def make(self, actor, customer, **data):
        return services.create_project_group(customer, actor=actor, **data)


@openapi.project_group
class ProjectGroupView(ProjectGroupRows, DetailView):
    remove = staticmethod(deletion.delete_project_group)


class ProjectGroupMembershipRows(ListedRows):
    serializer_class = serializers.ProjectGroupMembershipSerializer
    queryset = ProjectGroupMembership.objects.select_related("project_group__customer", "project")


@openapi.project_group_membership_list
class ProjectGroupMembershipListView(ProjectGroupMembershipRows, ListView):
    def make(self, actor, project, **data):
        return services.add_to_group(project, actor=actor, **data)


@openapi.project_group_membership
class ProjectGroupMembershipView(ProjectGroupMembershipRows, DetailView):
    conflicting_methods = ()
    remove = staticmethod(deletion.remove_from_group)


class CloudRows(ListedRows):
    serializer_class = serializers.CloudSerializer
    queryset = Cloud.objects.select_related("customer")


@openapi.cloud_list
class CloudListView(CloudRows, ListView):
    def make(self, actor, customer, **data):
        return services.create_cloud(customer, actor=actor, **data)


@openapi.cloud
class CloudView(CloudRows, DetailView):
    remove = staticmethod(deletion.delete_cloud)


class ProjectCloudMembershipRows(ListedRows):
    serializer_class = serializers.ProjectCloudMembershipSerializer
    queryset = ProjectCloudMembership.objects.select_related("project__customer", "cloud")


@openapi.project_cloud_membership_list
class ProjectCloudMembershipListView(ProjectCloudMembershipRows, ListView):
    def make(self, actor, project, **data):
        return services.link_cloud(project, actor=actor, **data)


@openapi.project_cloud_membership
class ProjectCloudMembershipView(ProjectCloudMembershipRows, DetailView):
    remove = staticmethod(deletion.unlink_cloud)


@openapi.cloud_project_membership_list
class CloudProjectMembershipListView(ProjectCloudMembershipListView):
    """The same, at the address that follows from the name of the scope."""


@openapi.cloud_project_membership
class CloudProjectMembershipView(ProjectCloudMembershipView):
    """The same, at the address that follows from the name of the scope."""


class InstanceRows(ListedRows):
    serializer_class = serializers.InstanceSerializer
    queryset = Instance.objects.select_related("project__customer", "cloud_project_membership")


@openapi.instance_list
class InstanceListView(InstanceRows, ListView):
    def make(self, actor, project, **data):
        return services.create_instance(project, actor=actor, **data)


@openapi.instance
class InstanceView(InstanceRows, DetailView):
    remove = staticmethod(deletion.delete_instance)
