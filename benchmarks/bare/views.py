"""Baselines: the least work that Django and REST framework need for a request of each kind."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Note


def plain_view(request: HttpRequest) -> HttpResponse:
    """Return 200 and nothing else: middleware and server alone."""
    return HttpResponse(b"{}", content_type="application/json")


class BareView(APIView):
    """Authenticate and parse as every view of the project does. GET: no query; POST: one INSERT."""

    def get(self, request: Request) -> Response:
        """Return the caller's pk."""
        return Response({"pk": request.user.pk})

    def post(self, request: Request) -> Response:
        """Store the description, return 201."""
        note = Note.objects.create(text=request.data["description"])
        return Response({"pk": note.pk}, status=201)


TAGS = """
    SELECT incident_id, added_by_id, added_time, key, value FROM argus_incident_incidenttagrelation
    JOIN argus_incident_tag AS tag ON tag.id = tag_id WHERE incident_id = ANY(%s)
"""
ROWS = """
    SELECT incident.id AS pk, start_time, end_time::text, source_incident_id, details_url, description, ticket_url,
           source.id, name, type_id, user_id, base_url
    FROM argus_incident_incident AS incident JOIN argus_incident_sourcesystem AS source ON source.id = source_id
    WHERE incident.id = ANY(%s) ORDER BY start_time DESC, incident.id DESC
"""


class BareListView(APIView):
    """Authenticate as every view does; select incidents by pk with their sources and tags."""

    def get(self, request: Request) -> Response:
        """Return the rows as the database returns them."""
        pks = [int(pk) for pk in request.query_params["pks"].split(",")]
        with connection.cursor() as cursor:
            cursor.execute(ROWS, [pks])
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            cursor.execute(TAGS, [pks])
            tags = cursor.fetchall()
        return Response({"results": rows, "tags": tags})
