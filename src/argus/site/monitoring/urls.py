"""Where those who watch knock."""

from django.urls import path

from . import views

urlpatterns = [
    path("healthz", views.health, name="health"),
    path("readyz", views.ready, name="ready"),
    path("metrics", views.metrics, name="metrics"),
]

VIEWS = {f"/{pattern.pattern}": pattern.callback for pattern in urlpatterns}
