from django.apps import AppConfig


class IncidentConfig(AppConfig):
    name = "argus.incident"
    label = "argus_incident"
    verbose_name = "Argus incident"
