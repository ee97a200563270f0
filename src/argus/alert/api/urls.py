"""URLs below ``/api/alerts/``."""

from django.urls import path

from argus.api import links  # noqa: F401  (registers the path converter hex)

from . import views

app_name = "alert"
urlpatterns = [
    path("", views.AlertListView.as_view(), name="alert-list"),
    path("stats/", views.StatsView.as_view(), name="stats"),
    path("<hex:uuid>/", views.AlertDetailView.as_view(), name="alert"),
    path("<hex:uuid>/close/", views.CloseView.as_view(), name="close"),
    path("<hex:uuid>/acknowledge/", views.AcknowledgeView.as_view(), name="acknowledge"),
    path("<hex:uuid>/cancel_acknowledgment/", views.CancelAcknowledgmentView.as_view(), name="cancel-acknowledgment"),
]
