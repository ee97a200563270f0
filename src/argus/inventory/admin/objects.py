"""Admin pages of customers, projects, groups, clouds, instances and memberships."""

from django.contrib import admin

from argus.inventory import services
from argus.inventory.models import (
    Cloud,
    Customer,
    Instance,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
)

from .base import InventoryAdmin


@admin.register(Customer)
class CustomerAdmin(InventoryAdmin):
    """Organisations that pay for projects."""

    service, subject = staticmethod(services.create_customer), "name"
    form_fields = ["name", "native_name", "abbreviation", "contact_details"]
    list_display = ["name", "native_name", "abbreviation"]
    list_select_related = []
    search_fields = ["name", "native_name", "abbreviation"]


class CustomerObjectAdmin(InventoryAdmin):
    """Named objects of a customer."""

    autocomplete_fields = ["customer"]
    list_display = ["name", "customer"]
    list_select_related = ["customer"]
    search_fields = ["name", "customer__name"]


@admin.register(Project)
class ProjectAdmin(CustomerObjectAdmin):
    """Projects. Memberships in groups have their own pages."""

    service, subject = staticmethod(services.create_project), "customer"
    form_fields = ["name", "customer", "description"]


@admin.register(ProjectGroup)
class ProjectGroupAdmin(CustomerObjectAdmin):
    """Groups of projects."""

    service, subject = staticmethod(services.create_project_group), "customer"
    form_fields = ["name", "customer", "description"]


@admin.register(Cloud)
class CloudAdmin(CustomerObjectAdmin):
    """Accounts with cloud providers."""

    service, subject = staticmethod(services.create_cloud), "customer"
    form_fields = ["name", "customer", "auth_url"]


@admin.register(ProjectGroupMembership)
class ProjectGroupMembershipAdmin(InventoryAdmin):
    """Projects in groups."""

    service, subject = staticmethod(services.add_to_group), "project"
    form_fields = autocomplete_fields = ["project_group", "project"]
    list_display = ["project_group", "project"]
    list_display_links = ["project_group", "project"]
    list_select_related = ["project_group__customer", "project"]
    ordering = ["-pk"]
    search_fields = ["project_group__name", "project__name"]


@admin.register(ProjectCloudMembership)
class ProjectCloudMembershipAdmin(InventoryAdmin):
    """Clouds of projects."""

    service, subject = staticmethod(services.link_cloud), "project"
    form_fields = autocomplete_fields = ["project", "cloud"]
    list_display = ["cloud", "project"]
    list_display_links = ["cloud", "project"]
    list_select_related = ["project__customer", "cloud"]
    ordering = ["-pk"]
    search_fields = ["cloud__name", "project__name"]


@admin.register(Instance)
class InstanceAdmin(InventoryAdmin):
    """Virtual machines of projects."""

    service, subject = staticmethod(services.create_instance), "project"
    form_fields = ["name", "project", "cloud_project_membership", "description"]
    autocomplete_fields = ["project", "cloud_project_membership"]
    list_display = ["name", "project", "cloud_project_membership"]
    list_select_related = [
        "project__customer",
        "cloud_project_membership__cloud",
        "cloud_project_membership__project",
    ]
    search_fields = ["name", "project__name"]
