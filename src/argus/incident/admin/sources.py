"""Pages of source systems and their types."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from argus.adminkit.base import ReadOnlyAdmin, ServiceAdmin, ServiceForm
from argus.adminkit.deletion import count_dependents, format_counts
from argus.adminkit.display import object_link
from argus.auth.requests import get_actor
from argus.incident import sources
from argus.incident.models import SourceSystem, SourceSystemType


class SuperusersOnly(ServiceAdmin):
    """Base class of pages on which only superusers may add and delete, as in the services."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


@admin.register(SourceSystemType)
class SourceSystemTypeAdmin(SuperusersOnly, ReadOnlyAdmin):
    """Types of source systems. The name is the primary key and cannot be changed."""

    fields = ["name"]
    search_fields = ["name"]

    def create(self, request: HttpRequest, form: Any) -> SourceSystemType:
        return sources.create_source_type(form.cleaned_data["name"], actor=get_actor(request))

    def destroy(self, request: HttpRequest, obj: SourceSystemType) -> None:
        sources.delete_source_type(obj, actor=get_actor(request))


class SourceForm(ServiceForm):
    """A source system. A new one gets an account."""

    username = forms.CharField(
        max_length=get_user_model()._meta.get_field("username").max_length,
        required=False,
        label="User name",
        help_text="User name of this source's account. "
        "Defaults to the source's name; digits are appended if that is taken.",
    )


@admin.register(SourceSystem)
class SourceSystemAdmin(SuperusersOnly):
    """Source systems. Each is created and deleted together with its account."""

    form = SourceForm
    autocomplete_fields = ["type"]
    list_display = ["name", "type", "user", "base_url"]
    list_filter = ["type"]
    list_select_related = ["type", "user"]
    search_fields = ["name", "type__name", "user__username"]
    ordering = ["name", "pk"]

    def get_fields(self, request: HttpRequest, obj: SourceSystem | None = None) -> list[Any]:
        return ["name", "type", "base_url", "account"] if obj else ["name", "type", "base_url", "username"]

    def get_readonly_fields(self, request: HttpRequest, obj: SourceSystem | None = None) -> list[Any]:
        return ["type", "account"] if obj else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceSystem]:
        return super().get_queryset(request).select_related("type", "user")

    @admin.display(description="user")
    def account(self, source: SourceSystem) -> str:
        return object_link(source.user)

    def create(self, request: HttpRequest, form: Any) -> SourceSystem:
        data = dict(form.cleaned_data)
        return sources.create_source(data.pop("name"), actor=get_actor(request), source_type=data.pop("type"), **data)

    def change(self, request: HttpRequest, obj: SourceSystem, form: Any) -> None:
        actor = get_actor(request)
        if "name" in form.changed_data:
            sources.rename_source(obj, form.cleaned_data["name"], actor=actor)
        if "base_url" in form.changed_data:
            sources.set_base_url(obj, form.cleaned_data["base_url"], actor=actor)

    def destroy(self, request: HttpRequest, obj: SourceSystem) -> None:
        sources.delete_source(obj, actor=get_actor(request))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Include the accounts of the sources, and the rows that refer to these."""
        lines, counts, lacking, held = super().get_deleted_objects(objs, request)
        users = [source.user_id for source in objs[: len(lines)]]
        return lines, counts, lacking, held or format_counts(count_dependents(get_user_model(), users))[1]

    def deletion_line(self, obj: SourceSystem) -> str:
        return f"{super().deletion_line(obj)}, with its user {obj.user.get_username()}"
