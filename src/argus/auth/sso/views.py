"""Logging in at a provider: off to it, and back from it. Whatever goes wrong ends at a page that says so."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from social_core.exceptions import AuthPolicyError
from social_django.utils import psa

from argus.auth import services
from argus.auth.retention import PROVIDER_LOGIN_TIMEOUT, prune_login_rows
from argus.auth.tokens import set_token_cookie

from .conversation import conversation
from .failures import explained

NEXT = "next"
LONGEST_NEXT = 2_000
# Sessions are kept by it whatever they were opened with: it lets nobody in who has been switched off.
SESSION_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
@explained
@psa("social:complete")
def begin(request, backend):
    """Send the browser to the provider.

    A plain link leads here (frontends have one), so others may send people here, too. All that comes of it is that one
    is logged in as oneself: a session that is open is never linked to the identity that comes back.
    """
    prune_login_rows()
    if not request.user.is_authenticated:
        request.session.set_expiry(PROVIDER_LOGIN_TIMEOUT)
    request.session[NEXT] = wanted_page(request)
    with conversation(request.backend):
        return request.backend.start()


@never_cache
@require_safe
@explained
@psa("social:complete")
def complete(request, backend):
    """Take the browser back from the provider: open a session, replace the token, go on to the frontend."""
    with conversation(request.backend):
        user = request.backend.complete(user=None, request=request)
    if user is None:
        raise AuthPolicyError(request.backend, code="authentication_disallowed", stage="pipeline")
    page = request.session.pop(NEXT, None)
    login(request, user, backend=SESSION_BACKEND)
    request.session.set_expiry(None)
    response = HttpResponseRedirect(page or settings.ARGUS_FRONTEND_URL or "/")
    set_token_cookie(response, services.replace_token(user, actor=user))
    return response


def wanted_page(request) -> str | None:
    """Return the page that ``?next=`` names, if it is on this server or the frontend's origin."""
    page = request.GET.get(NEXT, "")
    if len(page) > LONGEST_NEXT:
        return None
    is_ours = url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    is_frontend = page.startswith(tuple(f"{origin}/" for origin in settings.CORS_ALLOWED_ORIGINS))
    return page if page.isprintable() and (is_ours or is_frontend) else None
