"""Sessions, for requests that may carry anything in their cookies."""

from django.conf import settings
from django.contrib.sessions import middleware
from django.contrib.sessions.exceptions import SessionInterrupted

from argus.http.database_outage import is_outage


class SessionMiddleware(middleware.SessionMiddleware):
    """A cookie that cannot be a session's key counts as none: PostgreSQL could not even be asked for one with a NUL."""

    def process_request(self, request):
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not (key.isascii() and key.isalnum()):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        super().process_request(request)

    def process_response(self, request, response):
        """Tell a database that cannot store the session from one that has lost it, which is all that Django sees."""
        try:
            return super().process_response(request, response)
        except SessionInterrupted as error:
            reason = error.__context__ and error.__context__.__context__
            if not is_outage(reason):
                raise
        # Not from within: it is its own cause that tells what the matter is.
        raise reason
