"""By what one can log in here, for frontends to show."""

from django.conf import settings
from django.urls import reverse
from social_core.backends.base import BaseAuth
from social_core.utils import module_member

PASSWORD = "user_pw"


def login_methods(request) -> list[dict]:
    """Return type, URL and name of each way: a name and a password first, then the providers that are set up.

    Frontends show the first as a form, and "Login with" the type of each of the others as a link.
    """
    form = {"type": "username_password", "url": request.build_absolute_uri(reverse("v1:token-auth")), "name": PASSWORD}
    return [form, *(method_of(provider, request) for provider in offered_providers())]


def offered_providers() -> list[type[BaseAuth]]:
    backends = map(module_member, settings.AUTHENTICATION_BACKENDS)
    return [backend for backend in backends if issubclass(backend, BaseAuth) and backend.is_offered]


def method_of(provider: type[BaseAuth], request) -> dict:
    url = request.build_absolute_uri(reverse("social:begin", args=[provider.name]))
    return {"type": provider.get_title(None), "url": url, "name": provider.name}
