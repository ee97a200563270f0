"""Pages of tags, and of how incidents belong together."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm

from argus.adminkit.base import ReadOnlyAdmin, SafeAdmin, ServiceForm
from argus.adminkit.display import page_link, short
from argus.incident import tags
from argus.incident.models import IncidentRelation, IncidentRelationType, Tag
from argus.util.errors import DomainError

from .search import search_tags


class TagForm(ServiceForm):
    """A key and a value."""

    def clean_key(self):
        try:
            return tags.split_tag(f"{self.cleaned_data['key']}=")[0]
        except DomainError as error:
            raise ValidationError(error.message) from None


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    """Keys and values that incidents have. Many share one, so it is never changed, and not deleted while in use."""

    form = TagForm
    fields = ["key", "value"]
    list_display = ["key", "short_value"]
    ordering = ["-pk"]
    sortable_by = []
    search_fields = ["key"]
    search_help_text = "key=value; words are looked for in the newest 20 000 tags."

    def search(self, request, queryset, text):
        return search_tags(queryset, text), False

    def create(self, request, form):
        pair = form.cleaned_data["key"], form.cleaned_data["value"]
        tags.store_tags([pair])
        return Tag.objects.get(digest=Tag.digest_of(*pair))

    def destroy(self, request, obj):
        tags.delete_tag(obj)

    @admin.display(description="value")
    def short_value(self, tag):
        return short(tag.value)


@admin.register(IncidentRelationType)
class IncidentRelationTypeAdmin(SafeAdmin):
    """Ways in which incidents can belong together."""

    search_fields = ["name"]


class RelationForm(ModelForm):
    def clean(self):
        data = super().clean()
        if data.get("incident1") is not None and data["incident1"] == data.get("incident2"):
            raise ValidationError("An incident cannot be related to itself.")
        return data


@admin.register(IncidentRelation)
class IncidentRelationAdmin(SafeAdmin):
    """Pairs of incidents that belong together."""

    form = RelationForm
    autocomplete_fields = ["incident1", "incident2"]
    list_display = ["pk", "first", "type", "second", "description"]
    list_filter = ["type"]
    list_select_related = ["type", "incident1", "incident2"]
    ordering = ["-pk"]
    sortable_by = []

    @admin.display(description="incident")
    def first(self, relation):
        return page_link(relation.incident1)

    @admin.display(description="incident")
    def second(self, relation):
        return page_link(relation.incident2)
