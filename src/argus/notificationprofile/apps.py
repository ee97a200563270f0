from django.apps import AppConfig


class NotificationProfileConfig(AppConfig):
    name = "argus.notificationprofile"
    label = "argus_notificationprofile"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from . import checks, receivers  # noqa: F401  (connect receivers, register checks)
