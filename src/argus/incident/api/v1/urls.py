"""URLs below ``/api/v1/incidents/``."""

from django.urls import path, register_converter
from django.urls.converters import PathConverter

from . import batch_views, source_views, views


class TextConverter(PathConverter):
    """Any text, with slashes and line breaks."""

    regex = "(?s:.+)"


register_converter(TextConverter, "text")
app_name = "incident"
many_v1 = [
    path("acks/bulk/", batch_views.ManyAcksView.as_view(), name="many-acks"),
    path("events/bulk/", batch_views.ManyEventsView.as_view(), name="many-events"),
    path("ticket_url/bulk/", batch_views.ManyTicketsView.as_view(), name="many-tickets"),
]
many_v2 = [
    path("acks/bulk/", batch_views.ManyAcksV2View.as_view(), name="many-acks"),
    path("events/bulk/", batch_views.ManyEventsV2View.as_view(), name="many-events"),
    path("ticket_url/bulk/", batch_views.ManyTicketsV2View.as_view(), name="many-tickets"),
]
urlpatterns = [
    path("", views.IncidentListView.as_view(), name="incident-list"),
    path("bulk/", batch_views.BulkView.as_view(), name="incident-bulk"),
    *many_v1,
    path("mine/", views.MyIncidentListView.as_view(), name="incident-mine"),
    path("mine/open-set/", batch_views.OpenSetView.as_view(), name="open-set"),
    path(
        "mine/by-source-id/<text:source_incident_id>/events/",
        batch_views.EventBySourceIdView.as_view(),
        name="event-by-source-id",
    ),
    path("mine/by-source-id/<text:source_incident_id>/", batch_views.BySourceIdView.as_view(), name="by-source-id"),
    path("open/", views.OpenIncidentListView.as_view(), name="incident-open"),
    path("open+unacked/", views.OpenUnackedIncidentListView.as_view(), name="incident-open-unacked"),
    path("metadata/", source_views.MetadataView.as_view(), name="metadata"),
    path("sources/", source_views.SourceListView.as_view(), name="source-list"),
    path("sources/<int:pk>/", source_views.SourceDetailView.as_view(), name="source"),
    path("source-types/", source_views.SourceTypeListView.as_view(), name="source-type-list"),
    path("<int:pk>/", views.IncidentDetailView.as_view(), name="incident"),
    path("<int:pk>/ticket_url/", views.TicketView.as_view(), name="ticket-url"),
    path("<int:pk>/events/", views.EventListView.as_view(), name="event-list"),
    path("<int:pk>/events/<int:event_pk>/", views.EventDetailView.as_view(), name="event"),
    path("<int:pk>/acks/", views.AckListView.as_view(), name="ack-list"),
    path("<int:pk>/acks/<int:event_pk>/", views.AckDetailView.as_view(), name="ack"),
]
