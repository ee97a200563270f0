"""Admin page of tokens. The key of a new token is shown once, in the response to the form that creates it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from argus.adminkit.base import ReadOnlyAdmin, ServiceForm
from argus.auth import services
from argus.auth.authtoken.models import Token
from argus.auth.requests import get_actor
from argus.auth.tokens import expiry_of, has_expired

from .guard import AccountGuardMixin


class TokenForm(ServiceForm):
    """The user to create a token for."""

    class Meta:
        model = Token
        fields = ["user"]
        help_texts = {"user": "An API token that the user already has stops working."}


@admin.register(Token)
class TokenAdmin(AccountGuardMixin, ReadOnlyAdmin):
    """Tokens. API tokens can be created, all can be deleted, none can be changed."""

    form = TokenForm
    list_display = ["prefix", "user", "kind", "created", "expires", "valid"]
    list_filter = ["kind"]
    list_select_related = ["user"]
    search_fields = ["user__username", "prefix"]
    search_help_text = "User name, or first digits of the token."
    autocomplete_fields = ["user"]
    ordering = ["user__username", "created"]

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> Any:
        return ["user", "prefix", "kind", "created", "expires", "valid"] if obj else ["user"]

    @admin.display
    def expires(self, token: Token) -> datetime:
        return expiry_of(token)

    @admin.display(boolean=True)
    def valid(self, token: Token) -> bool:
        return not has_expired(token)

    def create(self, request: HttpRequest, form: Any) -> Token:
        token = services.replace_token(form.cleaned_data["user"], actor=get_actor(request))
        # The page that follows shows it.
        form.instance.key = token.key
        return token

    def destroy(self, request: HttpRequest, obj: Token) -> None:
        services.revoke_token(obj, actor=get_actor(request))

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key in the response itself. A redirect would have to keep it in a cookie or session."""
        context = {**self.admin_site.each_context(request), "title": "New token", "opts": self.opts, "token": obj}
        return TemplateResponse(request, "admin/authtoken/token/created.html", context)
