"""Many incidents in one request."""

from functools import cache

from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from argus.api.errors import body_of
from argus.api.lists import as_object
from argus.api.parsers import JSONParser
from argus.http.idempotency import idempotent
from argus.incident.bulk import Result, Status, create_incidents
from argus.incident.sources import source_to_post_for
from argus.util.errors import DomainError

from . import openapi
from .serializers import BulkSerializer, IncidentSerializer
from .views import shape


@openapi.bulk
@idempotent
class BulkView(generics.GenericAPIView):
    """New incidents by the hundred."""

    serializer_class = BulkSerializer
    parser_classes = [JSONParser]

    def post(self, request):
        """Take in new incidents, and tell what became of each."""
        bodies = shape(BulkSerializer).run_validation(request.data)["incidents"]
        # A superuser's list may be from many sources, but each is looked for once.
        find_source = cache(lambda pk: source_to_post_for(request.user, pk))
        shapes = [in_shape(body, find_source) for body in bodies]
        results = iter(create_incidents([one for one in shapes if isinstance(one, dict)], actor=request.user))
        became = [next(results) if isinstance(one, dict) else one for one in shapes]
        return Response({"results": [represent(one) for one in became]})


def in_shape(body, find_source) -> dict | ValidationError:
    """Return what the service takes, or what is wrong with the body."""
    try:
        values = dict(shape(IncidentSerializer).run_validation(body))
        return {**values, "source": find_source(values.get("source"))}
    except ValidationError as error:
        return error
    except DomainError as error:
        return ValidationError({"source": [error.message]})


def represent(result: Result | ValidationError) -> dict:
    """Show what became of one incident."""
    if isinstance(result, ValidationError):
        return {"status": Status.INVALID, "errors": as_object(result.detail)}
    if result.error:
        return {"status": Status.INVALID, "errors": body_of(result.error)}
    return {"status": result.status, "pk": result.pk}
