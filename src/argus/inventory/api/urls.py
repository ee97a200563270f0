"""URLs of the inventory, below ``/api/``."""

from django.urls import URLPattern, path
from rest_framework.views import APIView

from argus.api import links  # noqa: F401  (registers the converter <hex:...>)

from . import role_views, views

app_name = "inventory"


def collection_urls(
    collection: str, name: str, list_view: type[APIView], detail_view: type[APIView]
) -> list[URLPattern]:
    """Return the URLs of a collection and of its objects."""
    return [
        path(f"{collection}/", list_view.as_view(), name=f"{name}-list"),
        path(f"{collection}/<hex:uuid>/", detail_view.as_view(), name=name),
    ]


urlpatterns = [
    *collection_urls("customers", "customer", views.CustomerListView, views.CustomerView),
    *collection_urls("projects", "project", views.ProjectListView, views.ProjectView),
    *collection_urls("project-groups", "project-group", views.ProjectGroupListView, views.ProjectGroupView),
    *collection_urls(
        "project-group-memberships",
        "project-group-membership",
        views.ProjectGroupMembershipListView,
        views.ProjectGroupMembershipView,
    ),
    *collection_urls("clouds", "cloud", views.CloudListView, views.CloudView),
    *collection_urls(
        "project-cloud-memberships",
        "project-cloud-membership",
        views.ProjectCloudMembershipListView,
        views.ProjectCloudMembershipView,
    ),
    *collection_urls(
        "cloud-project-memberships",
        "cloud-project-membership",
        views.CloudProjectMembershipListView,
        views.CloudProjectMembershipView,
    ),
    *collection_urls("instances", "instance", views.InstanceListView, views.InstanceView),
    *collection_urls(
        "customer-permissions",
        "customer-permission",
        role_views.CustomerRoleListView,
        role_views.CustomerRoleView,
    ),
    *collection_urls(
        "project-permissions",
        "project-permission",
        role_views.ProjectRoleListView,
        role_views.ProjectRoleView,
    ),
    *collection_urls(
        "project-group-permissions",
        "project-group-permission",
        role_views.ProjectGroupRoleListView,
        role_views.ProjectGroupRoleView,
    ),
    *collection_urls("users", "user", role_views.UserListView, role_views.UserView),
]
