from django.apps import AppConfig


class AuthConfig(AppConfig):
    name = "argus.auth"
    label = "argus_auth"
    verbose_name = "Users"

    def ready(self) -> None:
        from . import login_throttle  # noqa: F401  (connects its receiver)
