"""What is open at a source: told as a whole, or one by one under the source's own ids."""

from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from argus.api.errors import body_of
from argus.api.lists import in_places
from argus.api.parsers import JSONParser
from argus.incident.models import Incident, SourceSystem
from argus.incident.sources import source_to_post_for
from argus.incident.sync import Difference, InvalidSet, replace_open_set
from argus.util.errors import DomainError

from . import openapi
from .representation import represent_incident
from .serializers import OpenIncidentSerializer, OpenSetSerializer
from .views import shape


class OwnSourceView(generics.GenericAPIView):
    """What is told of the caller's own source, in JSON."""

    parser_classes = [JSONParser]

    def get_source(self) -> SourceSystem:
        """Return the caller's source. Raises ``ValidationError`` for people."""
        try:
            return source_to_post_for(self.request.user)
        except DomainError as error:
            raise ValidationError([error.message]) from None


@openapi.open_set
class OpenSetView(OwnSourceView):
    """All that is open at the caller's source."""

    serializer_class = OpenSetSerializer

    def put(self, request):
        """Make the open incidents of the source those of the list, and tell the difference."""
        source, bodies = self.get_source(), shape(OpenSetSerializer).run_validation(request.data)["incidents"]
        try:
            difference = replace_open_set(source, in_shapes(bodies), actor=request.user)
        except InvalidSet as invalid:
            errors = {place: body_of(error) for place, error in invalid.errors.items()}
            raise ValidationError({"incidents": in_places(errors, len(bodies))}) from None
        return Response(represent_difference(difference))


@openapi.by_source_id
class BySourceIdView(OwnSourceView):
    """An open incident of the caller's source, under the id that it has there."""

    serializer_class = OpenIncidentSerializer

    def put(self, request, source_incident_id):
        """Create the incident, reopen it or change it, so that it is as the body says, and tell which."""
        source = self.get_source()
        values = shape(OpenIncidentSerializer).run_validation(under_id(request.data, source_incident_id))
        try:
            difference = replace_open_set(source, [values], actor=request.user, is_complete=False)
        except InvalidSet as invalid:
            raise ValidationError(body_of(invalid.errors[0])) from None
        result = next((word for word, incidents in vars(difference).items() if incidents), "unchanged")
        # One that is not for the caller to know of keeps its id, and is not shown.
        visible = Incident.objects.visible_to(request.user).select_related("source")
        incident = visible.get(source=source, source_incident_id=source_incident_id)
        return Response(
            {"result": result, "incident": represent_incident(incident)},
            status=status.HTTP_201_CREATED if difference.created else status.HTTP_200_OK,
        )


def in_shapes(bodies: list) -> list[dict]:
    """Return what the service takes. Raises ``ValidationError`` with one object for each body."""
    shapes, errors = [], {}
    for place, body in enumerate(bodies):
        try:
            shapes.append(dict(shape(OpenIncidentSerializer).run_validation(body)))
        except ValidationError as error:
            errors[place] = error.detail
    if errors:
        raise ValidationError({"incidents": in_places(errors, len(bodies))})
    return shapes


def under_id(body, source_incident_id: str):
    """Put the id of the address into the body. Raises ``ValidationError`` if another one is there."""
    if not isinstance(body, dict):
        return body
    if str(body.get("source_incident_id", source_incident_id)) != source_incident_id:
        raise ValidationError({"source_incident_id": ["This is not the id in the address."]})
    return {**body, "source_incident_id": source_incident_id}


def represent_difference(difference: Difference) -> dict:
    """Show what had to be done."""
    return {
        word: [{"pk": one.pk, "source_incident_id": one.source_incident_id} for one in incidents]
        for word, incidents in vars(difference).items()
    }
