"""Admin page of tokens. The primary key of a token is the secret itself, so URLs have the user's id instead.

The key is shown in the list and on the page of the token only. It is not in URLs, which are logged, nor in titles,
messages and the admin's history.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from rest_framework.authtoken.admin import TokenProxy  # type: ignore[attr-defined]
from rest_framework.authtoken.models import Token

from argus.adminkit.base import ReadOnlyAdmin, ServiceForm
from argus.adminkit.changelist import StrictChangeList
from argus.adminkit.keys import is_valid_key
from argus.auth import services
from argus.auth.requests import get_actor
from argus.auth.tokens import has_expired

# REST framework's own page has the key in its URL.
admin.site.unregister(TokenProxy)


Context = dict[str, Any]


@dataclass(frozen=True)
class TokenLabel:
    """The representation of a token where its key must not be shown."""

    pk: int
    username: str

    @classmethod
    def of(cls, token: Token) -> "TokenLabel":
        return cls(token.user_id, token.user.get_username())

    def __str__(self) -> str:
        return f"Token of {self.username}"


class TokenForm(ServiceForm):
    """The user to create a token for."""

    class Meta:
        model = Token
        fields = ["user"]
        help_texts = {"user": "A token that the user already has stops working."}


class TokenList(StrictChangeList):
    def url_for_result(self, result: Any) -> str:
        return reverse("admin:authtoken_token_change", args=[quote(result.user_id)])


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Tokens. They can be created and deleted, never changed."""

    form = TokenForm
    list_display = ["key", "user", "created", "expired"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    search_help_text = "User name."
    autocomplete_fields = ["user"]
    ordering = ["user__username"]
    # The checkboxes of actions contain primary keys.
    actions = None

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> Any:
        return ["user", "key", "created", "expired"] if obj else ["user"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TokenList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the token by the id of its user."""
        if not is_valid_key(Token.user.field.target_field, object_id):
            return None
        return self.get_queryset(request).select_related(*self.list_select_related).filter(user_id=object_id).first()

    @admin.display(boolean=True)
    def expired(self, token: Token) -> bool:
        return has_expired(token)

    def create(self, request: HttpRequest, form: Any) -> Token:
        return services.replace_token(form.cleaned_data["user"], actor=get_actor(request))

    def destroy(self, request: HttpRequest, obj: Token) -> None:
        services.revoke_token(obj.user, actor=get_actor(request))

    def deletion_line(self, obj: Token) -> str:
        return str(TokenLabel.of(obj))

    # Views and messages that would show the key or link to a URL with it

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, self._masked(request, object_id, extra_context))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        return super().delete_view(request, object_id, self._masked(request, object_id, extra_context))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Context | None = None) -> HttpResponse:
        context = self._masked(request, object_id, extra_context)
        title = {"title": f"Change history: {context['object']}"} if "object" in context else {}
        return super().history_view(request, object_id, context | title)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._log(request, obj, ADDITION)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for token in queryset:
            self._log(request, token, DELETION)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        url = reverse("admin:authtoken_token_change", args=[quote(obj.user_id)])
        self.message_user(
            request, format_html('The “<a href="{}">{}</a>” was created.', url, TokenLabel.of(obj)), messages.SUCCESS
        )
        return self.response_post_save_add(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        no_id: Any = ""
        return super().response_delete(request, "of this account", no_id)

    def _masked(self, request: HttpRequest, object_id: str | None, context: Context | None) -> Context:
        token = self.get_object(request, object_id) if object_id is not None else None
        if token is None:
            return context or {}
        label = TokenLabel.of(token)
        return {"original": label, "object": label, "subtitle": str(label), **(context or {})}

    @staticmethod
    def _log(request: HttpRequest, token: Token, action: int) -> None:
        LogEntry.objects.create(
            user=get_actor(request),
            content_type=ContentType.objects.get_for_model(Token),
            object_id=str(token.user_id),
            object_repr=str(TokenLabel.of(token))[:200],
            action_flag=action,
        )
