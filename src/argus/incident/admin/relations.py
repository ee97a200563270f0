"""Pages of relations between incidents, which exist in the admin only."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm

from argus.adminkit.base import SafeAdmin
from argus.adminkit.display import object_link
from argus.incident.models import IncidentRelation, IncidentRelationType


@admin.register(IncidentRelationType)
class IncidentRelationTypeAdmin(SafeAdmin):
    """Types of relations between incidents, such as "caused by"."""

    search_fields = ["name"]


class RelationForm(ModelForm):
    """A relation between two different incidents."""

    class Meta:
        labels = {"incident1": "First incident", "incident2": "Second incident"}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("incident1") is not None and data["incident1"] == data.get("incident2"):
            raise ValidationError("An incident cannot be related to itself.")
        return data


@admin.register(IncidentRelation)
class IncidentRelationAdmin(SafeAdmin):
    """Relations between incidents. They exist in the admin only."""

    form = RelationForm
    autocomplete_fields = ["incident1", "incident2"]
    list_display = ["__str__", "first", "type", "second", "description"]
    list_filter = ["type"]
    list_select_related = ["type", "incident1", "incident2"]
    ordering = ["-pk"]
    sortable_by = ()

    @admin.display(description="first incident")
    def first(self, relation: IncidentRelation) -> str:
        return object_link(relation.incident1)

    @admin.display(description="second incident")
    def second(self, relation: IncidentRelation) -> str:
        return object_link(relation.incident2)
