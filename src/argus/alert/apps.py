"""Configuration of the alerts app."""

from django.apps import AppConfig


class AlertConfig(AppConfig):
    name = "argus.alert"
    label = "argus_alert"
    verbose_name = "Alerts"

    def ready(self) -> None:
        from . import receivers  # noqa: F401
