"""URLs below ``/api/v1/auth/``."""

from django.urls import path

from . import views

app_name = "auth"
urlpatterns = [
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("user/", views.CurrentUserView.as_view(), name="current-user"),
    path("users/<int:pk>/", views.UserView.as_view(), name="user"),
    path("phone-number/", views.PhoneNumberListView.as_view(), name="phone-number-list"),
    path("phone-number/<int:pk>/", views.PhoneNumberView.as_view(), name="phone-number"),
]
