"""Security headers that Django does not set: the content security policy and the permissions policy."""

from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# Argus' pages use none of these.
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb"))
CSP = "Content-Security-Policy"


class HeadersMiddleware:
    """Add a content security policy without inline scripts or styles, unless the response has its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Django's debug pages need inline scripts.
        if not (settings.DEBUG and response.status_code in {404, 500}):
            response.headers.setdefault(CSP, policy())
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


@cache
def policy(styles: str = "") -> str:
    """Return the content security policy; ``styles`` are more sources of styles."""
    address = urlsplit(settings.STATIC_URL)
    own = f"'self' {address.scheme}://{address.netloc}" if address.netloc else "'self'"
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {own}",
            f"style-src {own} {styles}".strip(),
            f"img-src {own} data:",
            f"font-src {own}",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
