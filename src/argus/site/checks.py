"""System checks of settings that depend on each other or on files."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.checks import CheckMessage, Error, Warning, register

from .settings.env import unknown_variables

TAG = "argus"
IMPLICIT_TLS = 465
# Read by a command and by docker-compose.yml, not by the settings.
OTHER_VARIABLES = ["ARGUS_ADMIN_PASSWORD", "ARGUS_LISTEN"]


@register(TAG)
def check_cookie_domain(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that the frontend receives the cookie with its token."""
    host, domain = urlsplit(settings.ARGUS_FRONTEND_URL).hostname, settings.ARGUS_COOKIE_DOMAIN.lstrip(".").lower()
    if not (host and domain) or host == domain or host.endswith(f".{domain}"):
        return []
    message = f"ARGUS_FRONTEND_URL is at {host}, which is neither ARGUS_COOKIE_DOMAIN ({domain}) nor below it."
    return [Error(message, hint="Browsers would not send the frontend its token.", id="argus.E001")]


@register(TAG)
def check_mail_encryption(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that port and encryption of the mail server match."""
    if settings.EMAIL_PORT == IMPLICIT_TLS and settings.EMAIL_USE_TLS:
        message = "EMAIL_PORT is 465, where the server expects TLS from the start, but EMAIL_USE_TLS starts without it."
        return [Error(message, hint="Use port 587.", id="argus.E002")]
    is_local = settings.EMAIL_HOST in {"localhost", "127.0.0.1", "::1"}
    if settings.EMAIL_HOST_PASSWORD and not is_local and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        message = "EMAIL_HOST_PASSWORD goes to the mail server unencrypted: EMAIL_USE_TLS is off."
        return [Warning(message, id="argus.W001")]
    return []


@register(TAG)
def check_static_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that collectstatic has been run."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return []
    if (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return []
    message = "STATIC_ROOT has no staticfiles.json: HTML pages will fail."
    return [Warning(message, hint='Run "collectstatic".', id="argus.W002")]


@register(TAG)
def check_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that the server accepts only its own names."""
    if settings.DEBUG or "*" not in settings.ALLOWED_HOSTS:
        return []
    message = "ALLOWED_HOSTS contains *: clients can get links to another host into responses."
    return [Warning(message, id="argus.W003")]


@register(TAG)
def check_variables(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that each environment variable of Argus is one that Argus reads."""
    return [
        Warning(
            f"{name} is set, but Argus has no such variable." + (f" Is {similar} meant?" if similar else ""),
            hint="See docs/reference/settings.md.",
            id="argus.W004",
        )
        for name, similar in unknown_variables(OTHER_VARIABLES).items()
    ]
