"""Admin pages of models from other packages, with the base class of Argus."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from social_django.admin import AssociationOption, NonceOption, UserSocialAuthOption
from social_django.models import Association, Nonce, UserSocialAuth

from argus.adminkit.base import SafeAdmin

from .guard import AccountGuardMixin

admin.site.unregister([Group, Association, Nonce, UserSocialAuth])


@admin.register(Group)
class SafeGroupAdmin(SafeAdmin, GroupAdmin):  # type: ignore[misc]
    """Groups of users with shared permissions. Only superusers change permissions."""

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "permissions"]

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and request.user.is_superuser


@admin.register(Association)
class SafeAssociationAdmin(SafeAdmin, AssociationOption):
    """Secrets shared with OpenID providers."""


@admin.register(Nonce)
class SafeNonceAdmin(SafeAdmin, NonceOption):
    """Numbers used once in logins at providers."""


@admin.register(UserSocialAuth)
class SafeUserSocialAuthAdmin(AccountGuardMixin, UserSocialAuthOption):
    """Identities at providers and the users that they are linked to."""
