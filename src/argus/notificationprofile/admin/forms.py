"""Forms of wishes: what the API refuses, they refuse too, in the same words."""

from datetime import time

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTimeWidget

from argus.notificationprofile import validation
from argus.notificationprofile.media.registry import V1_MEDIA, medium_choices
from argus.notificationprofile.models import TimeRecurrence
from argus.util.errors import DomainError


def destination_choices():
    """Return the media that use destinations."""
    return [(code, label) for code, label in medium_choices() if code not in V1_MEDIA]


class AskingForm(forms.ModelForm):
    """A form that asks the domain, and shows what it refuses on the field at fault."""

    def ask(self, check, *args, **kwargs) -> None:
        try:
            check(*args, **kwargs)
        except DomainError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)


class OwnedForm(AskingForm):
    """Something that belongs to somebody: to whom is said once, when it is made."""

    def owner(self):
        """Return the owner, or ``None`` if nobody has been named."""
        return self.instance.user if self.instance.pk else self.cleaned_data.get("user")


class NamedForm(OwnedForm):
    """Something with a name that is used once among its owner's own."""

    def clean(self):
        data = super().clean()
        if (owner := self.owner()) and data.get("name"):
            self.ask(validation.check_name, self._meta.model, owner, data["name"], but=self.instance)
        return data


class FilterForm(NamedForm):
    """A filter; its string is kept as it was typed."""

    filter_string = forms.CharField(
        strip=False,
        widget=AdminTextareaWidget({"rows": 4}),
        help_text='For example {"sourceSystemIds": [1, 3], "tags": ["host=sw-3", "host=sw-4"]}; one key is enough.',
    )

    def clean(self):
        data = super().clean()
        if "filter_string" in data:
            self.ask(validation.check_filter_string, data["filter_string"])
        return data


class DestinationForm(OwnedForm):
    """A destination. The medium checks the settings."""

    medium = forms.ChoiceField(choices=destination_choices)

    def clean(self):
        data = super().clean()
        if data.get("medium") and "settings" in data:
            self.ask(validation.check_destination, data["medium"], data["settings"])
        return data


class ProfileForm(OwnedForm):
    """A profile; its parts belong to its owner."""

    media = forms.MultipleChoiceField(choices=medium_choices, widget=forms.CheckboxSelectMultiple)

    def clean(self):
        data = super().clean()
        if owner := self.owner():
            filters = list(data.get("filters") or [])
            parts = {"timeslot": data.get("timeslot"), "filters": filters, "phone_number": data.get("phone_number")}
            self.ask(validation.check_parts, owner, **parts)
            if len(filters) > validation.MOST_FILTERS:
                self.add_error("filters", f"A profile has at most {validation.MOST_FILTERS} filters.")
        return data


class ClockWidget(AdminTimeWidget):
    """A time of day, of which nothing is cut off: an hour that ends with its last microsecond goes on doing so."""

    supports_microseconds = True

    def format_value(self, value):
        return value.isoformat() if isinstance(value, time) else value


class RecurrenceForm(AskingForm):
    """Hours on some days of the week: a start and an end, or the whole day."""

    all_day = forms.BooleanField(required=False)
    start = forms.TimeField(required=False, widget=ClockWidget)
    end = forms.TimeField(required=False, widget=ClockWidget)

    class Meta:
        model = TimeRecurrence
        fields = ["days", "all_day", "start", "end"]

    def __init__(self, *args, instance=None, initial=None, **kwargs):
        if instance is not None and instance.is_all_day:
            initial = {"all_day": True, "start": None, "end": None, **(initial or {})}
        super().__init__(*args, instance=instance, initial=initial, **kwargs)

    def clean_days(self):
        return sorted(set(self.cleaned_data["days"]))

    def clean(self):
        data = super().clean()
        if data.get("all_day"):
            data["start"], data["end"] = TimeRecurrence.DAY_START, TimeRecurrence.DAY_END
            return data
        for name in {"start", "end"} & data.keys():
            if data[name] is None:
                self.add_error(name, "Give a time of day, or say that it is all day.")
        if data.get("start") is not None and data.get("end") is not None:
            self.ask(validation.check_hours, data["start"], data["end"])
        return data
