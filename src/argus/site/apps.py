from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "argus.site"
    label = "argus_site"
    verbose_name = "Argus site"

    def ready(self):
        from . import checks, trail  # noqa: F401  (they register themselves)
        from .watch import ingest  # noqa: F401
