"""The page at ``/``, and the API description."""

from functools import cache

from django.conf import settings
from django.http import HttpResponse
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView


class FrontPage(TemplateView):
    """Says what this server is, and where to go from here."""

    template_name = "front_page.html"
    extra_context = {"frontend_url": settings.ARGUS_FRONTEND_URL}


class SchemaView(SpectacularAPIView):
    """The API description, the same for everybody; as YAML or JSON."""

    @extend_schema(exclude=True)
    def get(self, request):
        renderer = request.accepted_renderer
        return HttpResponse(rendered_schema(type(renderer)), content_type=renderer.media_type)


@cache
def rendered_schema(renderer_class) -> bytes:
    """Return the description in one format, made once in the life of a process: that takes a second of its work."""
    return renderer_class().render(SchemaGenerator().get_schema(public=True))
