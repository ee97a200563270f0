"""Log in at a provider: send the browser there, and take it back. Failures end at a page that explains them."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from social_core.exceptions import AuthPolicyError
from social_django.utils import psa

from argus.auth import services
from argus.auth.retention import prune_login_rows
from argus.auth.tokens import set_token_cookie

from .errors import provider_request, show_errors
from .state import save_state

NEXT = "next"
# The page is kept in a cookie.
MAX_NEXT_LENGTH = 1_000
# Sessions belong to this backend, which ends those of inactive users.
SESSION_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
@psa("social:complete")
@save_state
@show_errors
def begin(request: HttpRequest, backend: str) -> HttpResponse:
    """Send the browser to the provider.

    Frontends use a plain link, so other sites can link here, too. That is harmless: the identity that comes back is
    never linked to the open session.
    """
    provider = request.backend  # type: ignore[attr-defined]
    provider.strategy.session_set(NEXT, allowed_next_page(request))
    with provider_request(provider):
        return provider.start()


@never_cache
@require_safe
@psa("social:complete")
@save_state
@show_errors
def complete(request: HttpRequest, backend: str) -> HttpResponse:
    """Take the browser back from the provider: open a session, create a token, redirect to the frontend."""
    provider = request.backend  # type: ignore[attr-defined]
    with provider_request(provider):
        user = provider.complete(user=None, request=request)
    if user is None:
        raise AuthPolicyError(provider, code="authentication_disallowed", stage="pipeline")
    page = provider.strategy.session_pop(NEXT)
    prune_login_rows()
    login(request, user, backend=SESSION_BACKEND)
    response = HttpResponseRedirect(page or settings.ARGUS_FRONTEND_URL or "/")
    set_token_cookie(response, services.create_browser_token(user))
    return response


def allowed_next_page(request: HttpRequest) -> str | None:
    """Return the page in ``?next=`` if it is on this server or on the frontend's origin."""
    page = request.GET.get(NEXT, "")
    if len(page) > MAX_NEXT_LENGTH:
        return None
    is_here = url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    is_frontend = page.startswith(tuple(f"{origin}/" for origin in settings.CORS_ALLOWED_ORIGINS))
    return page if page.isprintable() and (is_here or is_frontend) else None
