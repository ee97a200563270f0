"""Who may read the figures: whoever has the token or, where there is none, who asks from this machine itself."""

from ipaddress import ip_address

from django.conf import settings
from django.http import JsonResponse
from django.utils.crypto import constant_time_compare

# What a proxy adds: then the address is the proxy's, and the one who asks may be anybody.
TRACES = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")


def refusal_for(request) -> JsonResponse | None:
    """Return what to answer to somebody who may not read the figures; ``None`` for somebody who may."""
    if settings.ARGUS_METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if constant_time_compare(given, f"Bearer {settings.ARGUS_METRICS_TOKEN}"):
            return None
        detail = {"detail": "The figures are for those who have the token."}
        return JsonResponse(detail, status=401, headers={"WWW-Authenticate": "Bearer"})
    if is_local(request):
        return None
    return JsonResponse({"detail": "The figures are for this machine itself, as no token is set."}, status=403)


def is_local(request) -> bool:
    """Tell whether the request comes straight from this machine."""
    if any(name in request.headers for name in TRACES):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
