"""Roles and the people who have them, over REST."""

from rest_framework import generics

from argus.api.counted_pagination import CountedPagination
from argus.api.links import Links

from .. import deletion, services
from ..models import CustomerRole, ProjectGroupRole, ProjectRole
from ..users import users_visible_to
from . import openapi, serializers
from .views import DetailView, ListedRows, ListView


class RoleListView(ListView):
    def make(self, actor, user, role, **holder):
        (holder,) = holder.values()
        return services.grant_role(holder, actor=actor, user=user, role=role)


class RoleView(DetailView):
    conflicting_methods = ()
    remove = staticmethod(deletion.revoke_role)


class CustomerRoleRows(ListedRows):
    serializer_class = serializers.CustomerRoleSerializer
    queryset = CustomerRole.objects.select_related("customer", "user")


@openapi.customer_role_list
class CustomerRoleListView(CustomerRoleRows, RoleListView):
    pass


@openapi.customer_role
class CustomerRoleView(CustomerRoleRows, RoleView):
    pass


class ProjectRoleRows(ListedRows):
    serializer_class = serializers.ProjectRoleSerializer
    queryset = ProjectRole.objects.select_related("project__customer", "user")


@openapi.project_role_list
class ProjectRoleListView(ProjectRoleRows, RoleListView):
    pass


@openapi.project_role
class ProjectRoleView(ProjectRoleRows, RoleView):
    pass


class ProjectGroupRoleRows(ListedRows):
    serializer_class = serializers.ProjectGroupRoleSerializer
    queryset = ProjectGroupRole.objects.select_related("project_group__customer", "user")


@openapi.project_group_role_list
class ProjectGroupRoleListView(ProjectGroupRoleRows, RoleListView):
    pass


@openapi.project_group_role
class ProjectGroupRoleView(ProjectGroupRoleRows, RoleView):
    pass


class UserRows(generics.GenericAPIView):
    """Oneself, and people of whom one sees a role."""

    lookup_field = "uuid"
    serializer_class = serializers.PersonSerializer

    def get_queryset(self):
        return users_visible_to(self.request.user).order_by("username")

    def get_serializer_context(self):
        return super().get_serializer_context() | {"links": Links(self.request)}


@openapi.user_list
class UserListView(UserRows, generics.ListAPIView):
    """With ``current`` in the query, whatever its value, the caller alone."""

    pagination_class = CountedPagination

    def get_queryset(self):
        users = super().get_queryset()
        return users.filter(pk=self.request.user.pk) if "current" in self.request.query_params else users


@openapi.user
class UserView(UserRows, generics.RetrieveAPIView):
    pass
