from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "argus.site"
    label = "argus_site"
    verbose_name = "Argus site"
