"""The page at ``/``."""

from django.conf import settings
from django.views.generic import TemplateView


class FrontPage(TemplateView):
    """Says what this server is, and where to go from here."""

    template_name = "front_page.html"
    extra_context = {"frontend_url": settings.ARGUS_FRONTEND_URL}
