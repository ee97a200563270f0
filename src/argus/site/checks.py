"""What one variable cannot tell alone: whether several fit together, and to what is on the disk."""

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.checks import CheckMessage, Error, Warning, register

TAG = "argus"
IMPLICIT_TLS = 465


@register(TAG)
def check_cookie_domain(app_configs, **kwargs) -> list[CheckMessage]:
    """The frontend gets the cookie that hands it a token."""
    host, domain = urlsplit(settings.ARGUS_FRONTEND_URL).hostname, settings.ARGUS_COOKIE_DOMAIN.lstrip(".").lower()
    if not (host and domain) or host == domain or host.endswith(f".{domain}"):
        return []
    message = f"ARGUS_FRONTEND_URL is at {host}, which is neither ARGUS_COOKIE_DOMAIN ({domain}) nor below it."
    return [Error(message, hint="Browsers would not give the frontend its token.", id="argus.E001")]


@register(TAG)
def check_mail_encryption(app_configs, **kwargs) -> list[CheckMessage]:
    """Mail servers are spoken to as they expect."""
    if settings.EMAIL_PORT == IMPLICIT_TLS and settings.EMAIL_USE_TLS:
        message = "EMAIL_PORT is 465, where a server expects TLS at once, and EMAIL_USE_TLS begins without it."
        return [Error(message, hint="Use port 587.", id="argus.E002")]
    is_local = settings.EMAIL_HOST in {"localhost", "127.0.0.1", "::1"}
    if settings.EMAIL_HOST_PASSWORD and not is_local and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        message = "EMAIL_HOST_PASSWORD goes to the mail server unencrypted: EMAIL_USE_TLS is off."
        return [Warning(message, id="argus.W001")]
    return []


@register(TAG)
def check_static_files(app_configs, **kwargs) -> list[CheckMessage]:
    """Pages find their static files by a list that collectstatic has written."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return []
    if (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return []
    message = "There is no staticfiles.json in STATIC_ROOT: pages for people will fail."
    return [Warning(message, hint='Run "collectstatic".', id="argus.W002")]


@register(TAG)
def check_hosts(app_configs, **kwargs) -> list[CheckMessage]:
    """The server answers to its own names only."""
    if settings.DEBUG or "*" not in settings.ALLOWED_HOSTS:
        return []
    message = "ALLOWED_HOSTS has *: anybody can make Argus write links to another host into its answers."
    return [Warning(message, id="argus.W003")]
