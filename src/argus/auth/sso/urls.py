"""URLs below ``/oidc/``. social_django finds them by these names."""

from django.urls import path

from . import views

app_name = "social"
urlpatterns = [
    path("login/<str:backend>/", views.begin, name="begin"),
    path("complete/<str:backend>/", views.complete, name="complete"),
]
