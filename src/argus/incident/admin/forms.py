"""The form of an incident: an end that may be infinity, and tags written as ``key=value``."""

from datetime import date, datetime, time
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone

from argus.adminkit.base import ServiceForm
from argus.adminkit.fields import TolerantFormSet, check_year_range
from argus.incident.models import MAX_SOURCE_ID_BYTES, Incident, IncidentTagRelation, Tag
from argus.incident.tags import split_tag
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY

Pair = tuple[str, str]


class InfinityWidget(AdminSplitDateTime):
    """Date, time, and a checkbox for infinity."""

    template_name = "admin/widgets/infinity.html"
    # Without it, forms cut off the microseconds of infinity, which is then another time.
    supports_microseconds = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.widgets = (*self.widgets, forms.CheckboxInput())  # type: ignore[assignment]  # the stub has two widgets
        self.widgets_names = [f"_{number}" for number in range(len(self.widgets))]

    def decompress(self, value: datetime | None) -> Any:
        if value is None:
            return [None, None, False]
        if value == INFINITY:
            return [None, None, True]
        local = timezone.localtime(value).replace(microsecond=0)
        return [local.date(), local.time(), False]


class HiddenInfinityWidget(InfinityWidget):
    """The initial value, in hidden inputs."""

    template_name = "django/forms/widgets/multiwidget.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        hidden = tuple(forms.HiddenInput() for _ in self.widgets)
        self.widgets = hidden  # type: ignore[assignment]  # the stub has two widgets


class InfinityField(forms.MultiValueField):
    """A time, infinity, or nothing."""

    widget = InfinityWidget
    hidden_widget = HiddenInfinityWidget
    default_error_messages = {
        "half": "Give both a date and a time.",
        "both": "Give either a date and a time, or infinity.",
    }

    def __init__(self, **kwargs: Any) -> None:
        fields = (forms.DateField(required=False), forms.TimeField(required=False), forms.BooleanField(required=False))
        super().__init__(fields, require_all_fields=False, **kwargs)

    def compress(self, data_list: tuple[date | None, time | None, bool] | list[Any]) -> datetime | None:
        day, clock, infinity = data_list or (None, None, False)
        if infinity and (day or clock is not None):
            raise ValidationError(self.error_messages["both"], code="both")
        if infinity:
            return INFINITY
        if not day and clock is None:
            return None
        if not day or clock is None:
            raise ValidationError(self.error_messages["half"], code="half")
        return check_year_range(from_current_timezone(datetime.combine(day, clock)))


class IncidentForm(ServiceForm):
    """A new incident, or a correction of an existing one.

    Each field that can be changed carries its initial value in a hidden input. A change by another user since the form
    was shown is therefore not reverted.
    """

    end_time = InfinityField(
        label="End time",
        required=False,
        initial=INFINITY,
        show_hidden_initial=True,
        help_text="Infinity: open. A time: closed then. Empty: stateless, neither open nor closed.",
    )

    class Meta:
        model = Incident
        fields: list[str] = []
        widgets = {
            "source_incident_id": AdminTextInputWidget,
            "details_url": AdminTextInputWidget,
            "ticket_url": AdminTextInputWidget,
            "description": AdminTextareaWidget({"rows": 4}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"details_url", "ticket_url"} & self.fields.keys():
            self.fields[name].show_hidden_initial = True

    def clean_source_incident_id(self) -> str:
        text = self.cleaned_data["source_incident_id"]
        if len(text.encode(errors="replace")) > MAX_SOURCE_ID_BYTES:
            raise ValidationError(f"Longer than {MAX_SOURCE_ID_BYTES} bytes.")
        return text


class TagForm(forms.ModelForm):
    """A tag on an incident. It can be added and removed, not changed."""

    text = forms.CharField(label="tag", strip=False, widget=AdminTextInputWidget, help_text="key=value")
    pair: Pair

    class Meta:
        model = IncidentTagRelation
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["text"].initial = str(self.instance.tag)
            self.fields["text"].disabled = True

    def clean_text(self) -> str:
        if self.instance.pk:
            return self.cleaned_data["text"]
        try:
            self.pair = split_tag(self.cleaned_data["text"])
        except DomainError as error:
            raise ValidationError(error.message) from None
        return self.cleaned_data["text"]


class TagFormSet(TolerantFormSet):
    """The tags of an incident. It reports the changes; the service applies them."""

    def wanted(self) -> tuple[list[Pair], list[Pair]]:
        """Return the pairs to add and the pairs to remove, and note both for the admin's history."""
        forms_ = cast(list[TagForm], self.extra_forms)
        new = [form for form in forms_ if form.has_changed() and not form.cleaned_data.get("DELETE")]
        gone = [form.instance for form in self.deleted_forms if form.instance.pk]
        self.new_objects = [IncidentTagRelation(tag=Tag(key=form.pair[0], value=form.pair[1])) for form in new]
        self.changed_objects, self.deleted_objects = [], gone
        return [form.pair for form in new], [(relation.tag.key, relation.tag.value) for relation in gone]
