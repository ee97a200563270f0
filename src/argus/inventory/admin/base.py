"""The base class of the inventory's admin pages."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from argus.adminkit.base import ReadOnlyAdmin
from argus.adminkit.keys import is_uuid
from argus.auth.requests import get_actor
from argus.inventory import deletion
from argus.inventory.models import InventoryObject


class InventoryAdmin(ReadOnlyAdmin):
    """A page of objects that services create and delete; they never change. The search also finds UUIDs.

    ``form_fields`` are the fields to fill in. ``service`` creates the object; it takes the field ``subject`` as
    positional argument.
    """

    form_fields: list[str]
    service: Callable[..., models.Model]
    subject: str
    readonly_fields = ["api_uuid"]
    sortable_by = []

    def get_fields(self, request: HttpRequest, obj: InventoryObject | None = None) -> Any:
        return [*self.form_fields, "api_uuid"] if obj else self.form_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related(*cast(list[str], self.list_select_related))

    def search(self, request: HttpRequest, queryset: QuerySet, text: str) -> tuple[QuerySet, bool]:
        if is_uuid(text):
            return queryset.filter(uuid=text.strip()), False
        return super().search(request, queryset, text)

    def create(self, request: HttpRequest, form: ModelForm) -> models.Model:
        data = dict(form.cleaned_data)
        return self.service(data.pop(self.subject), actor=get_actor(request), **data)

    def destroy(self, request: HttpRequest, obj: InventoryObject) -> None:
        deletion.delete_object(obj, actor=get_actor(request))

    @admin.display(description="UUID")
    def api_uuid(self, obj: InventoryObject) -> str:
        """Return the UUID as in the API."""
        return obj.uuid.hex
