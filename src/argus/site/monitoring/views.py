"""The addresses for those who watch. No session, no account: they must work when everything else does not."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from .permissions import refusal_for
from .readiness import is_fine, readiness
from .scrape import scrape


@require_safe
@never_cache
def health(request):
    """The process lives. Nothing else is looked at: whoever restarts what is not healthy shall restart nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request):
    """The process can work, or which part prevents it; 503 then. ``?exclude=notifications`` leaves a part out."""
    parts = readiness()
    failing = [name for name, finding in parts.items() if not is_fine(finding) and name not in excluded(request)]
    body = {"status": "failing" if failing else "ok", "failing": failing, "parts": parts}
    return JsonResponse(body, status=503 if failing else 200)


@require_safe
@never_cache
def metrics(request):
    """The figures, in the text format of Prometheus."""
    return refusal_for(request) or HttpResponse(scrape(), content_type=CONTENT_TYPE_LATEST)


def excluded(request) -> list[str]:
    return [name for value in request.GET.getlist("exclude") for name in value.split(",")]
