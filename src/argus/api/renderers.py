"""Writing response bodies."""

from rest_framework import renderers

from argus.http.security_headers import CSP, policy
from argus.util.json import dumps


class JSONRenderer(renderers.BaseRenderer):
    """JSON by ``orjson``: answers are plain dictionaries, so nothing needs to be converted first."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        """Return UTF-8 JSON; nothing at all for ``None``."""
        return b"" if data is None else dumps(data)


class BrowsableRenderer(renderers.BrowsableAPIRenderer):
    """HTML to look around with, for people who are logged in to the admin."""

    def get_default_renderer(self, view):
        return renderers.JSONRenderer()

    def render(self, data, accepted_media_type=None, renderer_context=None):
        # REST framework's templates have style attributes.
        renderer_context["response"].headers[CSP] = policy(styles="'unsafe-inline'")
        return super().render(data, accepted_media_type, renderer_context)
