"""Sessions, for requests that may carry anything in their cookies."""

from django.conf import settings
from django.contrib.sessions import middleware


class SessionMiddleware(middleware.SessionMiddleware):
    """A cookie that cannot be a session's key counts as none: PostgreSQL could not even be asked for one with a NUL."""

    def process_request(self, request):
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not (key.isascii() and key.isalnum()):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        super().process_request(request)
