"""The project's URLs and those of the baselines."""

from django.urls import path

from argus.site.urls import handler400, handler404, handler500  # noqa: F401  (Django looks for them here)
from argus.site.urls import urlpatterns as argus_urlpatterns

from .bare.views import BareListView, BareView, plain_view

urlpatterns = [
    path("bare/", BareView.as_view()),
    path("bare/plain/", plain_view),
    path("bare/list/", BareListView.as_view()),
    *argus_urlpatterns,
]
