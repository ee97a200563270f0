"""Guard of the pages that could be used to act as another user."""

from typing import Any

from django.http import HttpRequest

from argus.adminkit.base import SafeAdmin
from argus.auth.models import User
from argus.auth.permissions import check_may_act_on, has_more_rights
from argus.auth.requests import get_actor


class AccountGuardMixin(SafeAdmin):
    """Let staff change and delete only what belongs to users without rights that they lack themselves."""

    def account_of(self, obj: Any) -> User:
        """Return the user that the row belongs to."""
        return obj.user

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_act_on(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_act_on(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Check also the user that the form gives the row to."""
        check_may_act_on(self.account_of(obj), actor=get_actor(request))
        super().save_model(request, obj, form, change)

    def _may_act_on(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None or not has_more_rights(self.account_of(obj), than=get_actor(request))
