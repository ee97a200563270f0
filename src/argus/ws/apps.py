from django.apps import AppConfig


class WebsocketConfig(AppConfig):
    name = "argus.ws"
    label = "argus_ws"
    verbose_name = "Argus websocket"

    def ready(self) -> None:
        from . import receivers  # noqa: F401  (connects the signal receivers)
