"""The form of an incident: an end that may be infinity, and tags written as ``key=value``."""

from datetime import datetime

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone

from argus.adminkit.base import ServiceForm
from argus.adminkit.fields import in_calendar
from argus.auth.admin.users import SteadyFormSet
from argus.incident.models import LONGEST_SOURCE_ID, Incident, IncidentTagRelation, Tag
from argus.incident.tags import split_tag
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY


class InfinityWidget(AdminSplitDateTime):
    """Date, time, and a box for infinity."""

    template_name = "admin/widgets/infinity.html"
    # Else forms would cut them off from infinity, which then were none.
    supports_microseconds = True

    def __init__(self, attrs=None):
        super().__init__(attrs)
        self.widgets = [*self.widgets, forms.CheckboxInput()]
        self.widgets_names = [f"_{number}" for number in range(len(self.widgets))]

    def decompress(self, value):
        if value is None:
            return [None, None, False]
        if value == INFINITY:
            return [None, None, True]
        local = timezone.localtime(value).replace(microsecond=0)
        return [local.date(), local.time(), False]


class HiddenInfinityWidget(InfinityWidget):
    """What the form showed at first, kept in the form itself."""

    template_name = "django/forms/widgets/multiwidget.html"

    def __init__(self, attrs=None):
        super().__init__(attrs)
        self.widgets = [forms.HiddenInput() for _ in self.widgets]


class InfinityField(forms.MultiValueField):
    """A point in time, infinity, or nothing."""

    widget = InfinityWidget
    hidden_widget = HiddenInfinityWidget
    default_error_messages = {
        "half": "Give both a date and a time.",
        "both": "Either a date and a time, or infinity: clear one of them.",
    }

    def __init__(self, **kwargs):
        fields = [forms.DateField(required=False), forms.TimeField(required=False), forms.BooleanField(required=False)]
        super().__init__(fields, require_all_fields=False, **kwargs)

    def compress(self, data_list):
        date, time, infinity = data_list or (None, None, False)
        if infinity and (date or time is not None):
            raise ValidationError(self.error_messages["both"], code="both")
        if infinity:
            return INFINITY
        if not date and time is None:
            return None
        if not date or time is None:
            raise ValidationError(self.error_messages["half"], code="half")
        return in_calendar(from_current_timezone(datetime.combine(date, time)))


class IncidentForm(ServiceForm):
    """An incident, new or to be corrected.

    What can be changed carries along what it was when the form was shown: so what somebody else changes meanwhile
    is not taken back by one who only wanted to add a tag.
    """

    end_time = InfinityField(
        label="End time",
        required=False,
        initial=INFINITY,
        show_hidden_initial=True,
        help_text="Infinity: open. A time: ended, or ending, then. Nothing: stateless, never open and never closed.",
    )

    class Meta:
        model = Incident
        fields = []
        widgets = {
            "source_incident_id": AdminTextInputWidget,
            "details_url": AdminTextInputWidget,
            "ticket_url": AdminTextInputWidget,
            "description": AdminTextareaWidget({"rows": 4}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in {"details_url", "ticket_url"} & self.fields.keys():
            self.fields[name].show_hidden_initial = True

    def clean_source_incident_id(self):
        text = self.cleaned_data["source_incident_id"]
        if len(text.encode(errors="replace")) > LONGEST_SOURCE_ID:
            raise ValidationError(f"Longer than {LONGEST_SOURCE_ID} bytes.")
        return text


class TagForm(forms.ModelForm):
    """A tag on an incident. It can be put there and taken off, not changed."""

    text = forms.CharField(label="tag", strip=False, widget=AdminTextInputWidget, help_text="key=value")

    class Meta:
        model = IncidentTagRelation
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["text"].initial = str(self.instance.tag)
            self.fields["text"].disabled = True

    def clean_text(self):
        if self.instance.pk:
            return self.cleaned_data["text"]
        try:
            self.pair = split_tag(self.cleaned_data["text"])
        except DomainError as error:
            raise ValidationError(error.message) from None
        return self.cleaned_data["text"]


class TagFormSet(SteadyFormSet):
    """The tags of an incident. It only says what is wanted; the service does it."""

    def wanted(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return the pairs to be added and those to be removed, and note both for the history."""
        new = [form for form in self.extra_forms if form.has_changed() and not form.cleaned_data.get("DELETE")]
        gone = [form.instance for form in self.deleted_forms if form.instance.pk]
        self.new_objects = [IncidentTagRelation(tag=Tag(key=form.pair[0], value=form.pair[1])) for form in new]
        self.changed_objects, self.deleted_objects = [], gone
        return [form.pair for form in new], [(relation.tag.key, relation.tag.value) for relation in gone]
