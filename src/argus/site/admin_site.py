"""The admin site: its title, and the order of its apps and models."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest

# Apps and models that the dashboard lists first, in this order; the others follow by name.
ORDER = {
    "argus_incident": ["Incident", "Event", "Acknowledgement", "Tag", "SourceSystem", "SourceSystemType"],
    "argus_alert": [],
    "argus_notificationprofile": ["NotificationProfile", "Timeslot", "Filter", "Destination", "Delivery"],
    "argus_inventory": ["Customer", "Project", "ProjectGroup", "ProjectGroupMembership", "Cloud"],
    "argus_auth": ["User"],
}


def position(name: str, names: list[str]) -> int:
    """Return the position of the name; names that are not in the list are behind it."""
    return names.index(name) if name in names else len(names)


class ArgusAdminSite(AdminSite):
    """The admin of Argus."""

    site_header = site_title = "Argus"
    # Without the sidebar, the columns of the lists fit a screen 1280 pixels wide.
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the apps and models that the user may see, the important ones first."""
        found = super().get_app_list(request, app_label)
        for app in found:
            names = ORDER.get(app["app_label"], [])
            app["models"].sort(key=lambda model, names=names: position(model["object_name"], names))
        return sorted(found, key=lambda app: position(app["app_label"], list(ORDER)))
