"""Addresses below ``/api/``, beside those of the first API, which are below ``/api/v1/``."""

from django.urls import URLPattern, path

from argus.api import links  # noqa: F401  (makes <hex:...> known)

from . import user_views, views

app_name = "inventory"


def listed(collection: str, name: str, list_view, detail_view) -> list[URLPattern]:
    return [
        path(f"{collection}/", list_view.as_view(), name=f"{name}-list"),
        path(f"{collection}/<hex:uuid>/", detail_view.as_view(), name=name),
    ]


urlpatterns = [
    *listed("customers", "customer", views.CustomerListView, views.CustomerView),
    *listed("projects", "project", views.ProjectListView, views.ProjectView),
    *listed("project-groups", "project-group", views.ProjectGroupListView, views.ProjectGroupView),
    *listed(
        "project-group-memberships",
        "project-group-membership",
        views.ProjectGroupMembershipListView,
        views.ProjectGroupMembershipView,
    ),
    *listed("clouds", "cloud", views.CloudListView, views.CloudView),
    *listed(
        "project-cloud-memberships",
        "project-cloud-membership",
        views.ProjectCloudMembershipListView,
        views.ProjectCloudMembershipView,
    ),
    *listed(
        "cloud-project-memberships",
        "cloud-project-membership",
        views.CloudProjectMembershipListView,
        views.CloudProjectMembershipView,
    ),
    *listed("instances", "instance", views.InstanceListView, views.InstanceView),
    *listed(
        "customer-permissions",
        "customer-permission",
        user_views.CustomerRoleListView,
        user_views.CustomerRoleView,
    ),
    *listed(
        "project-permissions",
        "project-permission",
        user_views.ProjectRoleListView,
        user_views.ProjectRoleView,
    ),
    *listed(
        "project-group-permissions",
        "project-group-permission",
        user_views.ProjectGroupRoleListView,
        user_views.ProjectGroupRoleView,
    ),
    *listed("users", "user", user_views.UserListView, user_views.UserView),
]
