"""The front page, the versions of the API, and the OpenAPI description."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver
from django.views.generic import TemplateView
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from argus.api.openapi import describe_view

from . import VERSION

API_VERSIONS = {"stable": "v1", "unstable": None}


class FrontPage(TemplateView):
    """Links to the frontend, the admin and the API documentation."""

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
    """The versions of the server and of the API."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response({"server-version": VERSION, "api-version": API_VERSIONS})


@describe_view(
    "Server",
    get={
        "operation_id": "list_urls",
        "auth": [],
        "responses": {200: {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}},
    },
)
class RootView(APIView):
    """The URLs of this version that have no parameters."""

    authentication_classes = []
    permission_classes = [AllowAny]
    # The URL configuration sets the patterns below this URL.
    patterns: Sequence[URLPattern | URLResolver] = ()

    def get(self, request: Request) -> Response:
        """List URLs."""
        return Response({path: request.build_absolute_uri(path) for path in sorted(paths_of(self.patterns))})


def paths_of(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Yield the paths of the patterns that have no parameters."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths_of(pattern.url_patterns, path)
        elif path and "<" not in path:
            yield path


class SchemaView(SpectacularAPIView):
    """The OpenAPI description, public, as YAML or JSON."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        renderer_class: Any = type(renderer)
        return HttpResponse(rendered_schema(renderer_class), content_type=renderer.media_type)


@cache
def rendered_schema(renderer_class: Any) -> str | bytes:
    """Return the description in one format. Generating it takes a second, so each process does it once."""
    return renderer_class().render(SchemaGenerator().get_schema(public=True))
