"""Accounts over REST: who am I, tokens in and out, phone numbers."""

from contextlib import suppress

from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from rest_framework import generics
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from argus.api.owned import OwnedRowsMixin
from argus.auth import services
from argus.auth.models import PhoneNumber, User
from argus.auth.sso.methods import login_methods
from argus.auth.tokens import delete_token_cookie

from . import openapi
from .serializers import LoginMethodSerializer, PhoneNumberSerializer, PublicUserSerializer, UserSerializer


@openapi.token
class TokenView(generics.GenericAPIView):
    """Hand out a new token for a name and a password. The old one dies; a failed attempt leaves it alive."""

    # The password decides; a session that happens to be open neither helps nor asks for a CSRF token.
    authentication_classes = []
    permission_classes = [AllowAny]
    serializer_class = AuthTokenSerializer

    def get_serializer_context(self):
        # Django's own request: the guard before the passwords leaves word there.
        return {**super().get_serializer_context(), "request": self.request._request}

    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        user_logged_in.send(type(user), request=request._request, user=user)
        return Response({"token": services.replace_token(user, actor=user).key})


@openapi.oidc_token
class OidcTokenView(TokenView):
    """Hand out a new token, at the address that was documented first. The same as ``/api/v1/token-auth/``."""


@openapi.login_methods
class LoginMethodsView(generics.GenericAPIView):
    """By what one can log in here."""

    authentication_classes = []
    permission_classes = [AllowAny]
    serializer_class = LoginMethodSerializer
    pagination_class = None

    def get(self, request):
        return Response(login_methods(request))


@openapi.logout
class LogoutView(generics.GenericAPIView):
    """End the caller's session and delete the caller's token. Strangers get the same answer."""

    permission_classes = [AllowAny]

    def perform_authentication(self, request):
        # A token that is dead already is no reason to keep somebody logged in: frontends forget it only after a 200.
        with suppress(AuthenticationFailed):
            super().perform_authentication(request)

    def post(self, request):
        if request.user.is_authenticated:
            services.revoke_token(request.user, actor=request.user)
        logout(request._request)
        response = Response()
        delete_token_cookie(request, response)
        return response


@openapi.current_user
class CurrentUserView(generics.RetrieveAPIView):
    """The caller's own account."""

    serializer_class = UserSerializer

    def get_object(self):
        return self.request.user


@openapi.user
class UserView(generics.RetrieveAPIView):
    """Anybody's account, in public outline."""

    serializer_class = PublicUserSerializer
    queryset = User.objects.all()


class OwnPhoneNumbers(OwnedRowsMixin, generics.GenericAPIView):
    """One sees and changes one's own numbers only, superusers too."""

    serializer_class = PhoneNumberSerializer
    queryset = PhoneNumber.objects.all()


@openapi.phone_number_list
class PhoneNumberListView(OwnPhoneNumbers, generics.ListCreateAPIView):
    """The caller's phone numbers."""


@openapi.phone_number
class PhoneNumberView(OwnPhoneNumbers, generics.RetrieveUpdateDestroyAPIView):
    """One of the caller's phone numbers."""
