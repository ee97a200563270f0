"""The page of tokens. A token's primary key is the secret itself, so here a token goes by its user's id.

The key stands in the list and on the token's own page, for those who may see tokens, and nowhere else: not in an
address (which ends up in logs), not in a title, a message or the admin's history.
"""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.admin.utils import quote
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils.html import format_html
from rest_framework.authtoken.admin import TokenProxy
from rest_framework.authtoken.models import Token

from argus.adminkit.base import ReadOnlyAdmin, ServiceForm
from argus.adminkit.changelist import StrictChangeList
from argus.adminkit.keys import is_valid_key
from argus.auth import services
from argus.auth.tokens import has_expired

# REST framework shows its tokens at another address.
admin.site.unregister(TokenProxy)


@dataclass(frozen=True)
class Card:
    """What stands for a token where its key must not be shown."""

    pk: int
    username: str

    @classmethod
    def of(cls, token: Token) -> "Card":
        return cls(token.user_id, token.user.get_username())

    def __str__(self):
        return f"Token of {self.username}"


class TokenForm(ServiceForm):
    """Whom to make a token for."""

    class Meta:
        model = Token
        fields = ["user"]
        help_texts = {"user": "A token that the user already has stops working."}


class TokenList(StrictChangeList):
    def url_for_result(self, result):
        return reverse("admin:authtoken_token_change", args=[quote(result.user_id)])


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """Tokens: to be looked up, made for somebody, or taken away. They are not changed."""

    form = TokenForm
    list_display = ["key", "user", "created", "expired"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    search_help_text = "User name."
    autocomplete_fields = ["user"]
    ordering = ["user__username"]
    # The boxes that actions need hold primary keys.
    actions = None

    def get_fields(self, request, obj=None):
        return ["user", "key", "created", "expired"] if obj else ["user"]

    def get_changelist(self, request, **kwargs):
        return TokenList

    def get_object(self, request, object_id, from_field=None):
        """Find the token by the id of its user."""
        if not is_valid_key(Token.user.field.target_field, object_id):
            return None
        return self.get_queryset(request).select_related(*self.list_select_related).filter(user_id=object_id).first()

    @admin.display(boolean=True)
    def expired(self, token):
        return has_expired(token)

    def create(self, request, form):
        return services.replace_token(form.cleaned_data["user"], actor=request.user)

    def destroy(self, request, obj):
        services.revoke_token(obj.user, actor=request.user)

    def deletion_line(self, obj):
        return str(Card.of(obj))

    # Everything that would show the key, or lead to an address with it

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        return super().changeform_view(request, object_id, form_url, self._masked(request, object_id, extra_context))

    def delete_view(self, request, object_id, extra_context=None):
        return super().delete_view(request, object_id, self._masked(request, object_id, extra_context))

    def history_view(self, request, object_id, extra_context=None):
        context = self._masked(request, object_id, extra_context)
        title = {"title": f"Change history: {context['object']}"} if "object" in context else {}
        return super().history_view(request, object_id, context | title)

    def log_addition(self, request, obj, message):
        self._log(request, obj, ADDITION)

    def log_deletions(self, request, queryset):
        for token in queryset:
            self._log(request, token, DELETION)

    def response_add(self, request, obj, post_url_continue=None):
        url = reverse("admin:authtoken_token_change", args=[quote(obj.user_id)])
        self.message_user(
            request, format_html('The “<a href="{}">{}</a>” was made.', url, Card.of(obj)), messages.SUCCESS
        )
        return self.response_post_save_add(request, obj)

    def response_delete(self, request, obj_display, obj_id):
        return super().response_delete(request, "of this account", "")

    def _masked(self, request, object_id, context) -> dict:
        token = self.get_object(request, object_id) if object_id is not None else None
        if token is None:
            return context or {}
        card = Card.of(token)
        return {"original": card, "object": card, "subtitle": str(card), **(context or {})}

    @staticmethod
    def _log(request, token, action: int) -> None:
        LogEntry.objects.create(
            user=request.user,
            content_type=ContentType.objects.get_for_model(Token),
            object_id=str(token.user_id),
            object_repr=str(Card.of(token))[:200],
            action_flag=action,
        )
