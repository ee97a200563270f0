"""Pages that other packages bring, with our guards around them."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from social_django.admin import AssociationOption, NonceOption, UserSocialAuthOption
from social_django.models import Association, Nonce, UserSocialAuth

from argus.adminkit.base import SafeAdmin

admin.site.unregister([Group, Association, Nonce, UserSocialAuth])


@admin.register(Group)
class SafeGroupAdmin(SafeAdmin, GroupAdmin):
    """Groups of people, with the permissions that they share."""


@admin.register(Association)
class SafeAssociationAdmin(SafeAdmin, AssociationOption):
    """Social login: secrets shared with OpenID providers."""


@admin.register(Nonce)
class SafeNonceAdmin(SafeAdmin, NonceOption):
    """Social login: numbers that were used once."""


@admin.register(UserSocialAuth)
class SafeUserSocialAuthAdmin(SafeAdmin, UserSocialAuthOption):
    """Social login: who is who at which provider."""
