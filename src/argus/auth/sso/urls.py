"""Addresses below ``/oidc/``. The names are those by which social_django finds its own."""

from django.urls import path

from . import views

app_name = "social"
urlpatterns = [
    path("login/<str:backend>/", views.begin, name="begin"),
    path("complete/<str:backend>/", views.complete, name="complete"),
]
