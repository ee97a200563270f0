from django.apps import AppConfig


class HttpConfig(AppConfig):
    name = "argus.http"
    label = "argus_http"
    verbose_name = "Argus HTTP"
