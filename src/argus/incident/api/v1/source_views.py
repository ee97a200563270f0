"""Views of source systems and their types."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from argus.api.arrays import BoundedArray
from argus.auth.requests import get_actor
from argus.incident import sources
from argus.incident.models import SourceSystem, SourceSystemType

from . import openapi
from .representation import represent_source
from .serializers import SourceNameSerializer, SourceSerializer, SourceTypeSerializer


@openapi.source_type_list
class SourceTypeListView(generics.GenericAPIView[Any]):
    """All types of source systems, by name."""

    serializer_class = SourceTypeSerializer
    queryset = SourceSystemType.objects.all()
    pagination_class = BoundedArray

    def get(self, request: Request) -> Response:
        """List source types."""
        rows = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([{"name": source_type.name} for source_type in rows])

    def post(self, request: Request) -> Response:
        """Add a source type. For superusers."""
        actor = get_actor(request)
        sources.check_is_superuser(actor, "Only superusers may add source types.")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        source_type = sources.create_source_type(serializer.validated_data["name"], actor=actor)
        return Response({"name": source_type.name}, status=status.HTTP_201_CREATED)


class AllSourcesView(generics.GenericAPIView[Any]):
    """Base class of the views that list all source systems."""

    queryset = SourceSystem.objects.all()
    pagination_class = BoundedArray

    def represent_all(self) -> list[dict[str, Any]]:
        return [represent_source(source) for source in self.paginate_queryset(self.get_queryset()) or []]


@openapi.source_list
class SourceListView(AllSourcesView):
    """All source systems."""

    serializer_class = SourceSerializer

    def get(self, request: Request) -> Response:
        """List sources."""
        return self.get_paginated_response(self.represent_all())

    def post(self, request: Request) -> Response:
        """Add a source together with its account. For superusers."""
        actor = get_actor(request)
        sources.check_is_superuser(actor, "Only superusers may add sources.")
        serializer = SourceSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        source = sources.create_source(actor=actor, **serializer.to_arguments())
        return Response(represent_source(source), status=status.HTTP_201_CREATED)


@openapi.source
class SourceDetailView(generics.GenericAPIView[Any]):
    """One source system."""

    serializer_class = SourceNameSerializer
    queryset = SourceSystem.objects.all()

    def get(self, request: Request, pk: int) -> Response:
        """Show a source."""
        return Response(represent_source(self.get_source()))

    def put(self, request: Request, pk: int) -> Response:
        """Rename a source. For its own account and superusers."""
        return self.rename(partial=False)

    def patch(self, request: Request, pk: int) -> Response:
        """Rename a source. For its own account and superusers."""
        return self.rename(partial=True)

    def get_source(self) -> SourceSystem:
        """Return the source of the URL. Raises ``Http404``."""
        return get_object_or_404(self.get_queryset().select_related("type"), pk=self.kwargs["pk"])

    def rename(self, *, partial: bool) -> Response:
        """Check the permission, validate the body, and rename the source."""
        source, actor = self.get_source(), get_actor(self.request)
        sources.check_may_rename(source, actor)
        serializer = self.get_serializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        name = serializer.validated_data.get("name", source.name)
        return Response(represent_source(sources.rename_source(source, name, actor=actor)))


@openapi.metadata
class MetadataView(AllSourcesView):
    """The values that a frontend offers as filters."""

    def get(self, request: Request) -> Response:
        """Show all sources in an object."""
        return self.get_paginated_response({"sourceSystems": self.represent_all()})
