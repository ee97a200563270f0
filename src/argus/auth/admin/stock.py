"""Admin pages of models from other packages, with the base class of Argus."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from social_django.admin import AssociationOption, NonceOption, UserSocialAuthOption
from social_django.models import Association, Nonce, UserSocialAuth

from argus.adminkit.base import SafeAdmin

admin.site.unregister([Group, Association, Nonce, UserSocialAuth])


@admin.register(Group)
class SafeGroupAdmin(SafeAdmin, GroupAdmin):  # type: ignore[misc]
    """Groups of users with shared permissions."""


@admin.register(Association)
class SafeAssociationAdmin(SafeAdmin, AssociationOption):
    """Secrets shared with OpenID providers."""


@admin.register(Nonce)
class SafeNonceAdmin(SafeAdmin, NonceOption):
    """Numbers used once in logins at providers."""


@admin.register(UserSocialAuth)
class SafeUserSocialAuthAdmin(SafeAdmin, UserSocialAuthOption):
    """Identities at providers and the users that they are linked to."""
