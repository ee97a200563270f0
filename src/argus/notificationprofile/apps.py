from django.apps import AppConfig


class NotificationProfileConfig(AppConfig):
    name = "argus.notificationprofile"
    label = "argus_notificationprofile"
    verbose_name = "Argus notification profiles"

    def ready(self):
        from . import checks, receivers  # noqa: F401  (they register themselves)
