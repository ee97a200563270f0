"""Pages of source systems and their types."""

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model

from argus.adminkit.base import ReadOnlyAdmin, ServiceAdmin, ServiceForm
from argus.adminkit.deletion import describe, toll_of
from argus.adminkit.display import page_link
from argus.incident import sources
from argus.incident.models import SourceSystem, SourceSystemType


class SuperusersOnly:
    """Mixed into pages on which the services let only superusers add and delete."""

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser


@admin.register(SourceSystemType)
class SourceSystemTypeAdmin(SuperusersOnly, ReadOnlyAdmin):
    """Kinds of source systems. The name is what a type is known by, so it is never changed."""

    fields = ["name"]
    search_fields = ["name"]

    def create(self, request, form):
        return sources.create_source_type(form.cleaned_data["name"], actor=request.user)

    def destroy(self, request, obj):
        sources.delete_source_type(obj, actor=request.user)


class SourceForm(ServiceForm):
    """A source system; a new one gets an account."""

    username = forms.CharField(
        max_length=get_user_model()._meta.get_field("username").max_length,
        required=False,
        label="User name",
        help_text="Name of the account that is made for it. Nothing: as the source. Taken: some digits are added.",
    )


@admin.register(SourceSystem)
class SourceSystemAdmin(SuperusersOnly, ServiceAdmin):
    """Source systems, each with the account it posts by. The two come and go together."""

    form = SourceForm
    autocomplete_fields = ["type"]
    list_display = ["name", "type", "user", "base_url"]
    list_filter = ["type"]
    list_select_related = ["type", "user"]
    search_fields = ["name", "type__name", "user__username"]
    ordering = ["name", "pk"]

    def get_fields(self, request, obj=None):
        return ["name", "type", "base_url", "account"] if obj else ["name", "type", "base_url", "username"]

    def get_readonly_fields(self, request, obj=None):
        return ["type", "account"] if obj else []

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("type", "user")

    @admin.display(description="user")
    def account(self, source):
        return page_link(source.user)

    def create(self, request, form):
        data = dict(form.cleaned_data)
        return sources.create_source(data.pop("name"), actor=request.user, source_type=data.pop("type"), **data)

    def change(self, request, obj, form):
        if "name" in form.changed_data:
            sources.rename_source(obj, form.cleaned_data["name"], actor=request.user)
        if "base_url" in form.changed_data:
            sources.set_base_url(obj, form.cleaned_data["base_url"], actor=request.user)

    def destroy(self, request, obj):
        sources.delete_source(obj, actor=request.user)

    def get_deleted_objects(self, objs, request):
        """Tell what goes with the sources: their accounts, and through these everything else."""
        lines, counts, lacking, held = super().get_deleted_objects(objs, request)
        users = [source.user_id for source in objs[: len(lines)]]
        return lines, counts, lacking, held or describe(toll_of(get_user_model(), users))[1]

    def deletion_line(self, obj):
        return f"{super().deletion_line(obj)}, with its user {obj.user.get_username()}"
