"""The addresses of the websocket."""

from channels.routing import URLRouter
from django.urls import path, re_path

from .consumers import IncidentConsumer, NowhereConsumer

application = URLRouter(
    [
        path("ws/open/", IncidentConsumer.as_asgi()),
        re_path(r"", NowhereConsumer.as_asgi()),
    ]
)
