"""What browsers are told not to do with our pages. HSTS, framing, referrers and openers are Django's own settings."""

from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

# No page of ours needs any of these.
PERMISSIONS = ", ".join(f"{feature}=()" for feature in ("camera", "geolocation", "microphone", "payment", "usb"))
CSP = "Content-Security-Policy"


class HeadersMiddleware:
    """Add a content security policy without inline scripts or styles, unless the answer has one of its own."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        # Django's pages for developers live on inline scripts.
        if not (settings.DEBUG and response.status_code in {404, 500}):
            response.headers.setdefault(CSP, policy())
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response


@cache
def policy(styles: str = "") -> str:
    """Return the policy; ``styles`` is what else may style the page."""
    address = urlsplit(settings.STATIC_URL)
    ours = f"'self' {address.scheme}://{address.netloc}" if address.netloc else "'self'"
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {ours}",
            f"style-src {ours} {styles}".strip(),
            f"img-src {ours} data:",
            f"font-src {ours}",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
