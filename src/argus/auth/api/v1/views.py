"""Views of tokens, login methods, users and phone numbers."""

from contextlib import suppress
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework import generics
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from argus.api.owned import OwnedRowsMixin
from argus.auth import services
from argus.auth.models import PhoneNumber, User
from argus.auth.requests import get_actor
from argus.auth.sso.backends import offered_providers
from argus.auth.tokens import delete_token_cookie, token_of_login

from . import openapi
from .serializers import (
    LoginMethodSerializer,
    PhoneNumberSerializer,
    PublicUserSerializer,
    UserSerializer,
    represent_account,
)


@openapi.token
@method_decorator(never_cache, name="dispatch")
class TokenView(generics.GenericAPIView):
    """Create an API token for a user name and a password. It replaces the old one; a failed attempt does not."""

    # The password decides: an open session is ignored and needs no CSRF token.
    authentication_classes = []
    permission_classes = [AllowAny]
    serializer_class = AuthTokenSerializer

    def get_serializer_context(self) -> dict[str, Any]:
        # Django's own request: the login throttle stores its delay there.
        return {**super().get_serializer_context(), "request": self.request._request}

    def post(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        user_logged_in.send(type(user), request=request._request, user=user)
        return Response({"token": services.replace_token(user, actor=user).key})


@openapi.oidc_token
class OidcTokenView(TokenView):
    """Create a token, like ``/api/v1/token-auth/``. This URL was documented first."""


@openapi.login_methods
class LoginMethodsView(generics.GenericAPIView):
    """List the ways to log in: user name and password first, then the configured providers.

    Frontends show the first as a form, and the others as links "Login with" their type.
    """

    authentication_classes = []
    permission_classes = [AllowAny]
    serializer_class = LoginMethodSerializer
    pagination_class = None
    # The name of the URL of TokenView, set by the URL configuration.
    token_url_name = ""

    def get(self, request: Request) -> Response:
        methods = [("username_password", reverse(self.token_url_name), "user_pw")]
        methods += [
            (provider.get_title(None), reverse("social:begin", args=[provider.name]), provider.name)
            for provider in offered_providers()
        ]
        return Response(
            [{"type": kind, "url": request.build_absolute_uri(url), "name": name} for kind, url, name in methods]
        )


@openapi.logout
class LogoutView(generics.GenericAPIView):
    """End the session and delete its token. Anonymous requests get the same response."""

    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        # Frontends discard a token only after a 200, so an expired token must not prevent the logout.
        with suppress(AuthenticationFailed):
            super().perform_authentication(request)

    def post(self, request: Request) -> Response:
        if isinstance(request.user, User) and (token := token_of_login(request, request.user)):
            services.revoke_token(token, actor=request.user)
        logout(request._request)
        response = Response()
        delete_token_cookie(request._request, response)
        return response


@openapi.current_user
class CurrentUserView(generics.GenericAPIView):
    """Show the user's own account."""

    serializer_class = UserSerializer

    def get(self, request: Request) -> Response:
        return Response(represent_account(get_actor(request)))


@openapi.user
class UserView(generics.RetrieveAPIView):
    """Show the public data of any user."""

    serializer_class = PublicUserSerializer
    queryset = User.objects.all()


class PhoneNumberMixin(OwnedRowsMixin):
    """The user's own phone numbers; superusers see only their own, too."""

    serializer_class = PhoneNumberSerializer
    queryset = PhoneNumber.objects.all()


@openapi.phone_number_list
class PhoneNumberListView(PhoneNumberMixin, generics.ListCreateAPIView):
    """The user's phone numbers."""


@openapi.phone_number
class PhoneNumberView(PhoneNumberMixin, generics.RetrieveUpdateDestroyAPIView):
    """One of the user's phone numbers."""
