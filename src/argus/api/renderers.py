"""Renderers of response bodies."""

from collections.abc import Mapping
from typing import Any

from rest_framework import renderers
from rest_framework.serializers import Serializer

from argus.http.security_headers import CSP, policy
from argus.util.json import dumps


class JSONRenderer(renderers.BaseRenderer):
    """Render plain dictionaries as JSON by ``orjson``."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return UTF-8 JSON, or an empty body for ``None``."""
        return b"" if data is None else dumps(data)


class BrowsableRenderer(renderers.BrowsableAPIRenderer):
    """Render HTML pages for users with a session."""

    def get_default_renderer(self, view: Any) -> renderers.BaseRenderer:
        return renderers.JSONRenderer()

    def get_filter_form(self, data: Any, view: Any, request: Any) -> Any:
        # REST framework asks views for their rows before it looks whether there are filters.
        return super().get_filter_form(data, view, request) if getattr(view, "filter_backends", None) else None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        assert renderer_context is not None
        view = renderer_context["view"]
        # REST framework shows forms for all methods and fails for views that have no body.
        if getattr(view, "serializer_class", None) is None:
            view.serializer_class = Serializer
        # REST framework's templates have style attributes.
        renderer_context["response"].headers[CSP] = policy(styles="'unsafe-inline'")
        page = super().render(data, accepted_media_type, renderer_context)
        # An error may quote a lone surrogate of the request, which UTF-8 does not have.
        return page.encode(errors="replace")
