"""Session middleware that accepts any cookie."""

from django.conf import settings
from django.contrib.sessions import middleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse

from argus.http.database_outage import is_outage


class SessionMiddleware(middleware.SessionMiddleware):
    """Ignore cookies that cannot be session keys; PostgreSQL cannot even query a key with NUL."""

    def process_request(self, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if not (key.isascii() and key.isalnum()):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Raise the database error if the session cannot be stored. Django takes it for a deleted session."""
        try:
            return super().process_response(request, response)
        except SessionInterrupted as error:
            reason = error.__context__ and error.__context__.__context__
            if reason is None or not is_outage(reason):
                raise
        # Raised outside the except block, so that its context is not the SessionInterrupted error.
        raise reason
