"""Stands before every door that takes a password: hooks of django-axes, which is in front of ``authenticate``.

``login_tries`` decides. Logins at a provider and tokens bring no password, and pass.
"""

from math import ceil

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from django.http import JsonResponse
from django.shortcuts import render

from argus.api.errors import is_for_programs

from .leftovers import forget_leftovers
from .login_tries import take_back, take_turn


class PasswordGuard(AxesStandaloneBackend):
    """Asked before all other backends. Code that checks a password without a request is no door."""

    def authenticate(self, request, username=None, password=None, **credentials):
        if request is not None and username is not None and password is not None:
            super().authenticate(request, username, password, **credentials)


class LoginHandler(AxesDatabaseHandler):
    """What axes asks, and tells of. Its commands work on the same rows: ``axes_reset_username`` ends a wait."""

    def is_allowed(self, request, credentials=None):
        forget_leftovers()
        request.argus_login_pause = take_turn(credentials["username"], request.axes_ip_address)
        return not request.argus_login_pause

    def user_login_failed(self, sender, credentials, request=None, **kwargs):
        """Do nothing: every try has been counted before it was known to fail."""

    def user_logged_out(self, sender, request, user, **kwargs):
        """Do nothing: no log of sessions is kept."""

    def user_logged_in(self, sender, request, user, **kwargs):
        take_back(user.get_username(), request.axes_ip_address)


def refuse(request, response, credentials):
    """Answer 429 in place of what the door itself said, and when to come back."""
    seconds = ceil(request.argus_login_pause.total_seconds())
    headers = {"Retry-After": str(seconds)}
    if is_for_programs(request):
        words = f"Too many tries to log in. Try again in {seconds} seconds."
        return JsonResponse({"detail": words}, status=429, headers=headers)
    page = render(request, "login_refused.html", {"seconds": seconds}, status=429)
    page["Retry-After"] = headers["Retry-After"]
    return page
