"""The page at ``/``, and the API description."""

from functools import cache

from django.conf import settings
from django.http import HttpResponse
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from argus.api.openapi import describe_view

from . import VERSION

API_VERSIONS = {"stable": "v1", "unstable": None}


class FrontPage(TemplateView):
    """Says what this server is, and where to go from here."""

    template_name = "front_page.html"
    extra_context = {"frontend_url": settings.ARGUS_FRONTEND_URL}


@describe_view(
    "Server",
    get={
        "operation_id": "get_versions",
        "auth": [],
        "responses": inline_serializer(
            "Versions",
            {
                "server-version": serializers.CharField(),
                "api-version": inline_serializer(
                    "ApiVersions",
                    {"stable": serializers.CharField(), "unstable": serializers.CharField(allow_null=True)},
                ),
            },
        ),
    },
)
class VersionsView(APIView):
    """Which server this is, and which versions of the API it speaks."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request):
        return Response({"server-version": VERSION, "api-version": API_VERSIONS})


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
