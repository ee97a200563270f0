"""Views of roles and of the users who have them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import generics

from argus.api.counted_pagination import CountedPagination
from argus.api.links import Links
from argus.auth.models import User
from argus.auth.requests import get_actor

from .. import deletion, services
from ..models import CustomerRole, ProjectGroupRole, ProjectRole
from ..visibility import users_visible_to
from . import openapi, serializers
from .views import CreateListView, DetailView, InventoryView


class RoleListView(CreateListView):
    service = staticmethod(services.grant_role)


class RoleView(DetailView):
    conflicting_methods = ()
    delete_service = staticmethod(deletion.revoke_role)


class CustomerRoleMixin(InventoryView):
    serializer_class = serializers.CustomerRoleSerializer
    queryset = CustomerRole.objects.select_related("customer", "user")


@openapi.customer_role_list
class CustomerRoleListView(CustomerRoleMixin, RoleListView):
    subject = CustomerRole.holder


@openapi.customer_role
class CustomerRoleView(CustomerRoleMixin, RoleView):
    pass


class ProjectRoleMixin(InventoryView):
    serializer_class = serializers.ProjectRoleSerializer
    queryset = ProjectRole.objects.select_related("project__customer", "user")


@openapi.project_role_list
class ProjectRoleListView(ProjectRoleMixin, RoleListView):
    subject = ProjectRole.holder


@openapi.project_role
class ProjectRoleView(ProjectRoleMixin, RoleView):
    pass


class ProjectGroupRoleMixin(InventoryView):
    serializer_class = serializers.ProjectGroupRoleSerializer
    queryset = ProjectGroupRole.objects.select_related("project_group__customer", "user")


@openapi.project_group_role_list
class ProjectGroupRoleListView(ProjectGroupRoleMixin, RoleListView):
    subject = ProjectGroupRole.holder


@openapi.project_group_role
class ProjectGroupRoleView(ProjectGroupRoleMixin, RoleView):
    pass


class UserMixin(generics.GenericAPIView):
    """The user, and all users with a role that the user sees."""

    lookup_field = "uuid"
    serializer_class = serializers.PersonSerializer

    def get_queryset(self) -> QuerySet[User]:
        return users_visible_to(get_actor(self.request)).order_by("username")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "links": Links(self.request)}


@openapi.user_list
class UserListView(UserMixin, generics.ListAPIView):
    """List users. With ``current`` in the query, with any value, only the user itself."""

    pagination_class = CountedPagination

    def get_queryset(self) -> QuerySet[User]:
        users = super().get_queryset()
        return users.filter(pk=get_actor(self.request).pk) if "current" in self.request.query_params else users


@openapi.user
class UserView(UserMixin, generics.RetrieveAPIView):
    pass
