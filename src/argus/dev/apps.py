from django.apps import AppConfig


class DevConfig(AppConfig):
    name = "argus.dev"
    label = "argus_dev"
    verbose_name = "Argus dev"
