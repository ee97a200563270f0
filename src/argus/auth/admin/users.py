"""Pages of accounts and of phone numbers."""

import re

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.utils.text import smart_split

from argus.adminkit.base import SafeAdmin
from argus.adminkit.fields import TolerantFormSet
from argus.auth import services
from argus.auth.models import PhoneNumber, User

# What people put between the digits of a phone number.
DIVIDERS = re.compile(r"[\s()./-]+")
DIGITS = re.compile(r"\+?[0-9]+")


class PhoneNumberInline(admin.TabularInline):
    model = PhoneNumber
    formset = TolerantFormSet
    extra = 0


@admin.register(User)
class AccountAdmin(SafeAdmin, UserAdmin):
    """People, and the accounts of source systems."""

    list_display = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    inlines = [PhoneNumberInline]

    def get_inlines(self, request, obj):
        """Show phone numbers once there is an account to have them."""
        return super().get_inlines(request, obj) if obj else []

    def get_readonly_fields(self, request, obj=None):
        """Keep those who are no superusers from making themselves, or others, more than they are."""
        own = super().get_readonly_fields(request, obj)
        return own if request.user.is_superuser else [*own, "is_staff", "is_superuser", "groups", "user_permissions"]

    def has_change_permission(self, request, obj=None):
        """Let only superusers change a superuser, for example the password."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def destroy(self, request, obj):
        services.delete_user(obj, actor=request.user)

    def log_action_of(self, request, verb, obj):
        """Write into the log what the service does not."""
        if verb != "deleted":
            super().log_action_of(request, verb, obj)

    @staticmethod
    def _may_touch(request, obj) -> bool:
        return obj is None or request.user.is_superuser or not obj.is_superuser


@admin.register(PhoneNumber)
class PhoneNumberAdmin(SafeAdmin):
    """Phone numbers of everybody."""

    list_display = ["phone_number", "user"]
    list_select_related = ["user"]
    autocomplete_fields = ["user"]
    search_fields = ["phone_number"]
    search_help_text = "Digits of the number, with or without blanks, or a user name."

    def search(self, request, queryset, text):
        """Find numbers by any of their digits, however they are spaced, and by the name of their owner."""
        queryset = queryset.alias(digits=Cast("phone_number", CharField()))
        number = DIVIDERS.sub("", text)
        if DIGITS.fullmatch(number):
            # 00 is what one dials for the plus.
            wanted = Q(digits__contains=number)
            if number.startswith("00"):
                wanted |= Q(digits__startswith=f"+{number[2:]}")
            return queryset.filter(wanted | Q(user__username__contains=number)), False
        for word in smart_split(text):
            queryset = queryset.filter(Q(user__username__icontains=word) | Q(digits__contains=word))
        return queryset, False
