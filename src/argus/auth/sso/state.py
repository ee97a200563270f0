"""State of unfinished logins. It is in a signed cookie of the browser: anonymous requests write no row."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.http import HttpRequest, HttpResponse
from social_django.models import DjangoStorage
from social_django.strategy import DjangoStrategy

from argus.auth.retention import PROVIDER_LOGIN_TIMEOUT

COOKIE_NAME = "login_state"


class LoginState(signed_cookies.SessionStore):
    """A session that ends with the time for a login. Its key is its signed content."""

    def get_session_cookie_age(self) -> int:
        return int(PROVIDER_LOGIN_TIMEOUT.total_seconds())


class CookieStrategy(DjangoStrategy):
    """Keeps the state of logins in a cookie instead of the session."""

    def __init__(self, storage: Any, request: HttpRequest | None = None, tpl: Any = None) -> None:
        super().__init__(storage, None, tpl)
        self.request = request
        self.session = LoginState(request.COOKIES.get(COOKIE_NAME) if request else None)

    def save_state(self, response: HttpResponse) -> None:
        """Write the state to the cookie, so that a state that was used cannot be used again in this browser."""
        if not self.session.keys():
            response.delete_cookie(COOKIE_NAME, path=settings.SESSION_COOKIE_PATH, samesite="Lax")
            return
        self.session.save()
        response.set_cookie(
            COOKIE_NAME,
            self.session.session_key or "",
            max_age=self.session.get_session_cookie_age(),
            path=settings.SESSION_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def save_state(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view to write the state of the login to the cookie."""

    @wraps(view)
    def decorated(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        request.backend.strategy.save_state(response)
        return response

    return decorated


class NoNonce:
    """Accept each state without a row. It is random, and the cookie names the states that a browser may use."""

    @classmethod
    def use(cls, server_url: str, timestamp: int, salt: str) -> bool:
        return True

    @classmethod
    def consume(cls, server_url: str, timestamp: int, salt: str) -> bool:
        return True


class LoginStorage(DjangoStorage):
    """The tables of social_django, without nonces."""

    nonce: Any = NoNonce
