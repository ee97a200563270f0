"""The views of probes and Prometheus. They use no session and no account, because they must work during an outage."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from .metrics import render_metrics
from .readiness import is_fine, readiness

# Headers that proxies add. With one of them, REMOTE_ADDR is the address of the proxy, not of the client.
PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Answer the liveness probe, without the database: restarting Argus does not repair PostgreSQL."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer the readiness probe: 200, or 503 with the failing parts. ``?exclude=notifications`` ignores a part."""
    parts = readiness()
    excluded = [name for value in request.GET.getlist("exclude") for name in value.split(",")]
    failing = [name for name, finding in parts.items() if not is_fine(finding) and name not in excluded]
    body = {"status": "failing" if failing else "ok", "failing": failing, "parts": parts}
    return JsonResponse(body, status=503 if failing else 200)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics in Prometheus' text format."""
    if settings.ARGUS_METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not constant_time_compare(given, f"Bearer {settings.ARGUS_METRICS_TOKEN}"):
            detail = {"detail": "Metrics require the token of ARGUS_METRICS_TOKEN."}
            return JsonResponse(detail, status=401, headers={"WWW-Authenticate": "Bearer"})
    elif not is_local(request):
        return JsonResponse({"detail": "Without ARGUS_METRICS_TOKEN, metrics are for this machine only."}, status=403)
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


def is_local(request: HttpRequest) -> bool:
    """Return whether the request comes directly from this machine."""
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


PROBES: dict[str, Callable[..., HttpResponseBase]] = {"/healthz": health, "/readyz": ready, "/metrics": metrics}


class ProbeMiddleware:
    """Answer probes before all other middleware.

    A load balancer connects to an IP address, without TLS: ALLOWED_HOSTS and SECURE_SSL_REDIRECT would refuse it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return PROBES.get(request.path_info, self.get_response)(request)
