from django.apps import AppConfig


class AuthTokenConfig(AppConfig):
    """Tokens. The label is that of REST framework's app, so its table, permissions and admin URLs stay."""

    name = "argus.auth.authtoken"
    label = "authtoken"
    verbose_name = "API tokens"
