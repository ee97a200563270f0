"""The project's addresses and, beside them, the yardstick's."""

from django.urls import path

from argus.site.urls import handler400, handler404, handler500  # noqa: F401  (Django looks for them here)
from argus.site.urls import urlpatterns as argus_urlpatterns

from .bare.views import BareListView, BareView

urlpatterns = [
    path("bare/", BareView.as_view()),
    path("bare/list/", BareListView.as_view()),
    *argus_urlpatterns,
]
