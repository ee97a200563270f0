"""Configuration of the admin's base classes: templates, styles, and words instead of icons."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin.templatetags import admin_list


class AdminKitConfig(AppConfig):
    name = "argus.adminkit"
    label = "argus_adminkit"
    verbose_name = "Argus admin"

    def ready(self) -> None:
        from .display import yes_or_no

        # Django has no setting for it. All lists and pages take the icon of a boolean from this function.
        module: Any = admin_list
        module._boolean_icon = yes_or_no
