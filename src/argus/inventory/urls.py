"""Addresses below ``/api/``, beside those of the first API, which are below ``/api/v1/``."""

from django.urls import URLPattern, path

from argus.drf import links  # noqa: F401  (makes <hex:...> known)

from . import people_views, views

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
        people_views.CustomerRoleListView,
        people_views.CustomerRoleView,
    ),
    *listed(
        "project-permissions",
        "project-permission",
        people_views.ProjectRoleListView,
        people_views.ProjectRoleView,
    ),
    *listed(
        "project-group-permissions",
        "project-group-permission",
        people_views.ProjectGroupRoleListView,
        people_views.ProjectGroupRoleView,
    ),
    *listed("users", "user", people_views.UserListView, people_views.UserView),
]
