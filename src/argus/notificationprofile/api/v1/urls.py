"""URLs below ``/api/v1/notificationprofiles/``, and the delivery log below ``/api/v1/incidents/``."""

from django.urls import path

from . import views

app_name = "notificationprofile"
urlpatterns = [
    path("", views.ProfileListView.as_view(), name="profile-list"),
    path("<int:pk>/", views.ProfileView.as_view(), name="profile"),
    path("<int:pk>/incidents/", views.ProfileIncidentsView.as_view(), name="profile-incidents"),
    path("timeslots/", views.TimeslotListView.as_view(), name="timeslot-list"),
    path("timeslots/<int:pk>/", views.TimeslotView.as_view(), name="timeslot"),
    path("filters/", views.FilterListView.as_view(), name="filter-list"),
    path("filters/<int:pk>/", views.FilterView.as_view(), name="filter"),
    path("filterpreview/", views.FilterPreviewView.as_view(), name="filter-preview"),
]
incident_urlpatterns = [
    path("<int:pk>/events/<int:event_pk>/deliveries/", views.DeliveryListView.as_view(), name="delivery-list"),
]
