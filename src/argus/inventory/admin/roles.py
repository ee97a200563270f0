"""Admin pages of the roles of users in customers, projects and project groups."""

from django.contrib import admin

from argus.inventory import services
from argus.inventory.models import CustomerRole, ProjectGroupRole, ProjectRole

from .base import InventoryAdmin


class RoleAdmin(InventoryAdmin):
    """Roles of one kind. They are granted and revoked, never changed."""

    ordering = ["-pk"]
    service = staticmethod(services.grant_role)

    @property
    def subject(self) -> str:  # type: ignore[override]
        return self.model.holder


@admin.register(CustomerRole)
class CustomerRoleAdmin(RoleAdmin):
    """Owners of customers."""

    form_fields = ["customer", "user", "role"]
    autocomplete_fields = ["customer", "user"]
    list_display = ["customer", "user", "role"]
    list_display_links = ["customer", "user"]
    list_select_related = ["customer", "user"]
    search_fields = ["customer__name", "user__username"]


@admin.register(ProjectRole)
class ProjectRoleAdmin(RoleAdmin):
    """Admins and managers of projects."""

    form_fields = ["project", "user", "role"]
    autocomplete_fields = ["project", "user"]
    list_display = ["project", "user", "role"]
    list_display_links = ["project", "user"]
    list_filter = ["role"]
    list_select_related = ["project__customer", "user"]
    search_fields = ["project__name", "user__username"]


@admin.register(ProjectGroupRole)
class ProjectGroupRoleAdmin(RoleAdmin):
    """Managers of project groups."""

    form_fields = ["project_group", "user", "role"]
    autocomplete_fields = ["project_group", "user"]
    list_display = ["project_group", "user", "role"]
    list_display_links = ["project_group", "user"]
    list_select_related = ["project_group__customer", "user"]
    search_fields = ["project_group__name", "user__username"]
