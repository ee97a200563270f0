"""The least that REST framework can do with a POST."""

from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Note


class BareView(APIView):
    """Authenticate and parse as everywhere in the project, do one INSERT, answer 201."""

    def post(self, request):
        note = Note.objects.create(text=request.data["description"])
        return Response({"pk": note.pk}, status=201)
