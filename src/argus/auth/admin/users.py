"""Admin pages of users and phone numbers."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import CharField, Model, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.text import smart_split

from argus.adminkit.fields import TolerantFormSet
from argus.auth import services
from argus.auth.models import PhoneNumber, User
from argus.auth.requests import get_actor

from .guard import AccountGuardMixin

# Characters between the digits of a phone number.
SEPARATORS = re.compile(r"[\s()./-]+")
DIGITS = re.compile(r"\+?[0-9]+")


class PhoneNumberInline(admin.TabularInline):
    model = PhoneNumber
    formset = TolerantFormSet
    extra = 0


@admin.register(User)
class AccountAdmin(AccountGuardMixin, UserAdmin):
    """Users, and the accounts of source systems."""

    list_display = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    inlines = [PhoneNumberInline]

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Show phone numbers only on the page of an existing user."""
        return super().get_inlines(request, obj) if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Let only superusers change rights, so that no other user can extend their own."""
        fields = super().get_readonly_fields(request, obj)
        return (
            fields if request.user.is_superuser else [*fields, "is_staff", "is_superuser", "groups", "user_permissions"]
        )

    def account_of(self, obj: User) -> User:
        return obj

    def destroy(self, request: HttpRequest, obj: User) -> None:
        services.delete_user(obj, actor=get_actor(request))

    def log_action_of(self, request: HttpRequest, verb: str, obj: Model) -> None:
        """Write the audit line, except for deletions: the service writes that."""
        if verb != "deleted":
            super().log_action_of(request, verb, obj)


@admin.register(PhoneNumber)
class PhoneNumberAdmin(AccountGuardMixin):
    """Phone numbers of all users."""

    list_display = ["phone_number", "user"]
    list_select_related = ["user"]
    autocomplete_fields = ["user"]
    search_fields = ["phone_number"]
    search_help_text = "Digits of the number, with or without spaces, or a user name."

    def search(self, request: HttpRequest, queryset: QuerySet, text: str) -> tuple[QuerySet, bool]:
        """Find numbers by a sequence of digits, with any separators, or by the user name."""
        queryset = queryset.alias(digits=Cast("phone_number", CharField()))
        number = SEPARATORS.sub("", text)
        if DIGITS.fullmatch(number):
            # 00 is dialled instead of the plus sign.
            wanted = Q(digits__contains=number)
            if number.startswith("00"):
                wanted |= Q(digits__startswith=f"+{number[2:]}")
            return queryset.filter(wanted | Q(user__username__contains=number)), False
        for word in smart_split(text):
            queryset = queryset.filter(Q(user__username__icontains=word) | Q(digits__contains=word))
        return queryset, False
