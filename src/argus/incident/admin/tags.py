"""Pages of tags."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from argus.adminkit.base import ReadOnlyAdmin, ServiceForm
from argus.adminkit.display import shorten
from argus.incident import tags
from argus.incident.models import Tag
from argus.util.errors import DomainError

from .search import search_tags


class TagForm(ServiceForm):
    """A key and a value."""

    class Meta:
        model = Tag
        fields: list[str] = []
        widgets = {"key": AdminTextInputWidget, "value": AdminTextareaWidget({"rows": 3})}
        help_texts = {"key": "Lower-case letters, digits and underscores."}

    def clean_key(self) -> str:
        try:
            return tags.split_tag(f"{self.cleaned_data['key']}=")[0]
        except DomainError as error:
            raise ValidationError(error.message) from None


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    """Keys and values. Incidents share them: a tag is never changed, and not deleted while an incident has it."""

    form = TagForm
    fields = ["key", "value"]
    list_display = ["key", "short_value"]
    ordering = ["-pk"]
    sortable_by = ()
    search_fields = ["key"]
    search_help_text = "key=value exactly, or words in the newest 20 000 tags."

    def search(self, request: HttpRequest, queryset: QuerySet[Tag], text: str) -> tuple[QuerySet[Tag], bool]:
        return search_tags(queryset, text), False

    def create(self, request: HttpRequest, form: Any) -> Tag:
        pair = form.cleaned_data["key"], form.cleaned_data["value"]
        tags.create_missing_tags([pair])
        return Tag.objects.get(digest=Tag.digest_of(*pair))

    def destroy(self, request: HttpRequest, obj: Tag) -> None:
        tags.delete_tag(obj)

    @admin.display(description="value")
    def short_value(self, tag: Tag) -> str:
        return shorten(tag.value)
