"""Pages of customers and of what they have."""

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

from .base import ListedAdmin


@admin.register(Customer)
class CustomerAdmin(ListedAdmin):
    """Organisations that pay for projects."""

    service, subject = staticmethod(services.create_customer), "name"
    own_fields = ["name", "native_name", "abbreviation", "contact_details"]
    list_display = ["name", "native_name", "abbreviation"]
    list_select_related = []
    search_fields = ["name", "native_name", "abbreviation"]


class OfCustomerAdmin(ListedAdmin):
    """Something of a customer, with a name."""

    autocomplete_fields = ["customer"]
    list_display = ["name", "customer"]
    list_select_related = ["customer"]
    search_fields = ["name", "customer__name"]


@admin.register(Project)
class ProjectAdmin(OfCustomerAdmin):
    """Projects. They get into groups on the pages of memberships."""

    service, subject = staticmethod(services.create_project), "customer"
    own_fields = ["name", "customer", "description"]


@admin.register(ProjectGroup)
class ProjectGroupAdmin(OfCustomerAdmin):
    """Groups of projects."""

    service, subject = staticmethod(services.create_project_group), "customer"
    own_fields = ["name", "customer", "description"]


@admin.register(Cloud)
class CloudAdmin(OfCustomerAdmin):
    """Accounts with providers of machines."""

    service, subject = staticmethod(services.create_cloud), "customer"
    own_fields = ["name", "customer", "auth_url"]


@admin.register(ProjectGroupMembership)
class ProjectGroupMembershipAdmin(ListedAdmin):
    """Which projects are in which groups."""

    service, subject = staticmethod(services.add_to_group), "project"
    own_fields = autocomplete_fields = ["project_group", "project"]
    list_display = ["project_group", "project"]
    list_display_links = ["project_group", "project"]
    list_select_related = ["project_group__customer", "project"]
    ordering = ["-pk"]
    search_fields = ["project_group__name", "project__name"]


@admin.register(ProjectCloudMembership)
class ProjectCloudMembershipAdmin(ListedAdmin):
    """Which projects use which clouds."""

    service, subject = staticmethod(services.link_cloud), "project"
    own_fields = autocomplete_fields = ["project", "cloud"]
    list_display = ["cloud", "project"]
    list_display_links = ["cloud", "project"]
    list_select_related = ["project__customer", "cloud"]
    ordering = ["-pk"]
    search_fields = ["cloud__name", "project__name"]


@admin.register(Instance)
class InstanceAdmin(ListedAdmin):
    """Machines of projects."""

    service, subject = staticmethod(services.create_instance), "project"
    own_fields = ["name", "project", "cloud_project_membership", "description"]
    autocomplete_fields = ["project", "cloud_project_membership"]
    list_display = ["name", "project", "cloud_project_membership"]
    list_select_related = [
        "project__customer",
        "cloud_project_membership__cloud",
        "cloud_project_membership__project",
    ]
    search_fields = ["name", "project__name"]
