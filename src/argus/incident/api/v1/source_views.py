"""Source systems over REST."""

from django.shortcuts import get_object_or_404
from rest_framework import generics, status
from rest_framework.response import Response

from argus.api.arrays import BoundedArray
from argus.incident import sources
from argus.incident.models import SourceSystem, SourceSystemType

from . import openapi
from .representation import represent_source
from .serializers import SourceNameSerializer, SourceSerializer, SourceTypeSerializer


@openapi.source_type_list
class SourceTypeListView(generics.GenericAPIView):
    """All kinds of source systems, by name."""

    serializer_class = SourceTypeSerializer
    queryset = SourceSystemType.objects.all()
    pagination_class = BoundedArray

    def get(self, request):
        """List source types."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([{"name": source_type.name} for source_type in rows])

    def post(self, request):
        """Add a source type. For superusers."""
        sources.check_is_superuser(request.user, "Only superusers may add source types.")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        source_type = sources.create_source_type(serializer.validated_data["name"], actor=request.user)
        return Response({"name": source_type.name}, status=status.HTTP_201_CREATED)


class AllSources(generics.GenericAPIView):
    """What lists all source systems."""

    queryset = SourceSystem.objects.all()
    pagination_class = BoundedArray

    def represent_all(self) -> list[dict]:
        return [represent_source(source) for source in self.paginate_queryset(self.get_queryset())]


@openapi.source_list
class SourceListView(AllSources):
    """All source systems."""

    serializer_class = SourceSerializer

    def get(self, request):
        """List sources."""
        return self.get_paginated_response(self.represent_all())

    def post(self, request):
        """Add a source together with its account. For superusers."""
        sources.check_is_superuser(request.user, "Only superusers may add sources.")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        source = sources.create_source(actor=request.user, **serializer.to_arguments())
        return Response(represent_source(source), status=status.HTTP_201_CREATED)


@openapi.source
class SourceDetailView(generics.GenericAPIView):
    """One source system."""

    serializer_class = SourceNameSerializer
    queryset = SourceSystem.objects.all()

    def get(self, request, pk):
        """Show a source."""
        return Response(represent_source(self.get_source()))

    def put(self, request, pk):
        """Rename a source. For its own account and superusers."""
        return self.rename(partial=False)

    def patch(self, request, pk):
        """Rename a source. For its own account and superusers."""
        return self.rename(partial=True)

    def get_source(self) -> SourceSystem:
        return get_object_or_404(self.get_queryset().select_related("type"), pk=self.kwargs["pk"])

    def rename(self, *, partial: bool):
        source = self.get_source()
        sources.check_may_rename(source, self.request.user)
        serializer = self.get_serializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        name = serializer.validated_data.get("name", source.name)
        return Response(represent_source(sources.rename_source(source, name, actor=self.request.user)))


@openapi.metadata
class MetadataView(AllSources):
    """What a frontend needs to offer filters."""

    def get(self, request):
        """Show all sources in an object."""
        return self.get_paginated_response({"sourceSystems": self.represent_all()})
