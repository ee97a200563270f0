from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "argus.site"
    label = "argus_site"
    verbose_name = "Argus site"

    def ready(self) -> None:
        from . import audit, checks  # noqa: F401  (they register receivers and checks)
        from .monitoring import metrics  # noqa: F401
