"""The least that REST framework can do with a POST, and with a list."""

from django.db import connection
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Note


class BareView(APIView):
    """Authenticate and parse as everywhere in the project, do one INSERT, answer 201."""

    def post(self, request):
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
    """Authenticate as everywhere, select the incidents of these numbers with their sources and tags, as they come."""

    def get(self, request):
        pks = [int(pk) for pk in request.query_params["pks"].split(",")]
        with connection.cursor() as cursor:
            cursor.execute(ROWS, [pks])
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            cursor.execute(TAGS, [pks])
            tags = cursor.fetchall()
        return Response({"results": rows, "tags": tags})
