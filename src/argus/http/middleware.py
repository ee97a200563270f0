"""What is answered around all views: bodies of a wrong length, a path without its slash, a database that is away."""

from django.http import JsonResponse
from django.middleware.common import CommonMiddleware

from .body_limit import body_limit
from .database_outage import is_outage, outage_answer
from .wsgi import CUT_SHORT


class OutageMiddleware:
    """Answer 503 when a view fails because of the database; for failures elsewhere there is ``handler500``."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return outage_answer(request, exception) if is_outage(exception) else None


class BodyMiddleware:
    """Answer 413 to a body that is longer than its address takes, without reading it; 400 to one that was cut short."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.META.get(CUT_SHORT):
            return JsonResponse({"detail": "The body is shorter than its Content-Length."}, status=400)
        limit = body_limit(request.path_info)
        if self.length_of(request) > limit:
            return JsonResponse({"detail": f"The body is longer than {limit} bytes."}, status=413)
        return self.get_response(request)

    @staticmethod
    def length_of(request) -> int:
        try:
            return int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return 0


class SlashMiddleware(CommonMiddleware):
    """Redirect a GET without its final slash; never a request with a body, which a redirect would lose."""

    def should_redirect_with_slash(self, request):
        return request.method in {"GET", "HEAD"} and super().should_redirect_with_slash(request)
