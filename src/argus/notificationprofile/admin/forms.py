"""Admin forms of profiles and their parts. They apply the same rules as the API, with the same texts."""

from collections.abc import Callable
from datetime import time
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTimeWidget

from argus.auth.models import User
from argus.notificationprofile import validation
from argus.notificationprofile.media.registry import V1_MEDIA, medium_choices
from argus.notificationprofile.models import NotificationProfile, TimeRecurrence
from argus.util.errors import DomainError


class RulesForm(forms.ModelForm):
    """A form that checks rules of the domain, and shows violations on their fields."""

    def check_rule(self, check: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        try:
            check(*args, **kwargs)
        except DomainError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)


class OwnedForm(RulesForm):
    """A form of a row that belongs to a user. The owner is chosen once, when the row is added."""

    def owner(self) -> User | None:
        """Return the owner, or ``None`` if the form names none."""
        return self.instance.user if self.instance.pk else self.cleaned_data.get("user")


class NamedForm(OwnedForm):
    """A form of a row whose name is unique among its owner's rows."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (owner := self.owner()) and data.get("name"):
            self.check_rule(validation.check_name, self._meta.model, owner, data["name"], instance=self.instance)
        return data


class FilterForm(NamedForm):
    """A filter. Its string is stored unchanged."""

    filter_string = forms.CharField(
        strip=False,
        widget=AdminTextareaWidget({"rows": 4}),
        help_text='For example {"sourceSystemIds": [1, 3], "tags": ["host=sw-3", "host=sw-4"]}. One key is enough.',
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "filter_string" in data:
            self.check_rule(validation.check_filter_string, data["filter_string"])
        return data


def destination_choices() -> list[tuple[str, str]]:
    """Return the media that use destinations."""
    return [(code, label) for code, label in medium_choices() if code not in V1_MEDIA]


class DestinationForm(OwnedForm):
    """A destination. Its medium checks the settings."""

    medium = forms.ChoiceField(
        choices=destination_choices,
        help_text="The media in ARGUS_MEDIA other than e-mail and SMS, which use the user's address and phone number.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("medium") and "settings" in data:
            self.check_rule(validation.check_destination, data["medium"], data["settings"])
        return data


class ProfileForm(OwnedForm):
    """A profile. Its parts belong to its owner."""

    # Not the attribute ``media`` of forms: Django removes fields from the class.
    media = forms.MultipleChoiceField(  # type: ignore[assignment]
        choices=medium_choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = NotificationProfile
        fields: list[str] = []
        labels = {"timeslot": "Time slot"}
        help_texts = {
            "timeslot": "When notifications are sent. A time slot has one profile.",
            "filters": "Incidents that match any of the filters.",
            "phone_number": "For SMS. It must belong to the user.",
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if owner := self.owner():
            filters = list(data.get("filters") or [])
            parts = {"timeslot": data.get("timeslot"), "filters": filters, "phone_number": data.get("phone_number")}
            self.check_rule(validation.check_owner, owner, **parts)
            if len(filters) > validation.MAX_FILTERS:
                self.add_error("filters", f"A profile has at most {validation.MAX_FILTERS} filters.")
        return data


class ClockWidget(AdminTimeWidget):
    """A time of day with microseconds, so that saving a form does not change the end of a day."""

    supports_microseconds = True

    def format_value(self, value: Any) -> str | None:
        return value.isoformat() if isinstance(value, time) else value


class RecurrenceForm(RulesForm):
    """Hours on some days of the week: a start and an end, or the whole day."""

    all_day = forms.BooleanField(required=False)
    start = forms.TimeField(required=False, widget=ClockWidget)
    end = forms.TimeField(required=False, widget=ClockWidget)

    class Meta:
        model = TimeRecurrence
        fields = ["days", "all_day", "start", "end"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None and instance.is_all_day:
            kwargs["initial"] = {"all_day": True, "start": None, "end": None, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def clean_days(self) -> list[str]:
        return sorted(set(self.cleaned_data["days"]))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("all_day"):
            data["start"], data["end"] = TimeRecurrence.DAY_START, TimeRecurrence.DAY_END
            return data
        for name in {"start", "end"} & data.keys():
            if data[name] is None:
                self.add_error(name, "Enter a time, or select all day.")
        if data.get("start") is not None and data.get("end") is not None:
            self.check_rule(validation.check_hours, data["start"], data["end"])
        return data
