from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class SiteConfig(AppConfig):
    name = "argus.site"
    label = "argus_site"
    verbose_name = "Argus site"

    def ready(self) -> None:
        from . import audit, checks  # noqa: F401  (they register receivers and checks)
        from .monitoring import metrics  # noqa: F401


class ArgusAdminConfig(admin_apps.AdminConfig):
    """The admin of Django with the site of Argus."""

    default = False

    default_site = "argus.site.admin_site.ArgusAdminSite"
