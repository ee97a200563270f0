"""OpenAPI descriptions of time slots, filters, profiles and the delivery log."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers

from argus.api.fields import TimestampField
from argus.api.openapi import LINK_HEADER, PAGE_PARAMETERS, array_or_page_of, describe_view
from argus.incident.api.v1.representation import Actor, Incident
from argus.notificationprofile.media.registry import medium_choices
from argus.notificationprofile.models import Reason, Verdict

from .serializers import ShownProfileSerializer

PROFILES, DELIVERIES = "Notification profiles", "Deliveries"


class MediumKind(serializers.Serializer):
    """A medium: its code and its label."""

    value = serializers.ChoiceField(medium_choices())
    display = serializers.CharField()


class Delivery(serializers.Serializer):
    """The notification of a user about an event, or the reason why there is none."""

    pk = serializers.IntegerField(allow_null=True, help_text="null for a profile without a delivery.")
    event = serializers.IntegerField(help_text="The pk of the event.")
    user = Actor(help_text="The user of the profile.")
    profile = serializers.IntegerField(
        allow_null=True, help_text="The profile, by the pk of its time slot; null if it was deleted."
    )
    medium = MediumKind(allow_null=True)
    address = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(Verdict.choices)
    reason = serializers.ChoiceField(
        [choice for choice in Reason.choices if choice[0]], allow_blank=True, help_text="Why it was suppressed."
    )
    attempts = serializers.IntegerField()
    created = TimestampField(allow_null=True)
    due = TimestampField(allow_null=True, help_text="Time of the next, or the last, attempt.")
    settled = TimestampField(allow_null=True, help_text="When it was sent, failed permanently, or was suppressed.")
    last_error = serializers.CharField(allow_null=True, allow_blank=True, help_text="For staff; null for others.")


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


_office_hours = {
    "name": "Weekdays",
    "time_recurrences": [
        {"days": [1, 2, 3, 4, 5], "start": "08:00:00", "end": "12:00:00"},
        {"days": [1, 2, 3, 4, 5], "start": "12:30:00", "end": "16:00:00"},
    ],
}
_always = {"days": [1, 2, 3, 4, 5, 6, 7], "start": "00:00:00", "end": "23:59:59.999999", "all_day": True}
_slot = {"pk": 2, "name": "All the time", "time_recurrences": [_always]}
_critical = {"name": "Critical", "filter_string": '{"sourceSystemIds": [3], "tags": ["problem_type=boxDown"]}'}
_profile = {
    "pk": 2,
    "timeslot": _slot,
    "filters": [{"pk": 5, **_critical}],
    "media": ["EM", "SM"],
    "phone_number": {"pk": 1, "user": 7, "phone_number": "+4767676767"},
    "active": True,
}
_sent = {
    "pk": 31,
    "event": 9001,
    "user": {"pk": 7, "username": "kari"},
    "profile": 2,
    "medium": {"value": "EM", "display": "E-mail"},
    "address": "kari@example.org",
    "verdict": "sent",
    "reason": "",
    "attempts": 1,
    "created": "2026-03-02T08:40:00.250000+01:00",
    "due": "2026-03-02T08:40:00.250000+01:00",
    "settled": "2026-03-02T08:40:00.500000+01:00",
    "last_error": None,
}
_silent = {
    **_sent,
    **dict.fromkeys(["pk", "medium", "created", "due", "settled"]),
    "profile": 4,
    "address": "",
    "verdict": "suppressed",
    "reason": "filter",
    "attempts": 0,
}

SLOTS = [
    _request("Office hours, with a break", _office_hours),
    _request("At any time", {"name": "All the time", "time_recurrences": [{"days": _always["days"], "all_day": True}]}),
    _answer("At any time", _slot),
]
FILTERS = [_request("Switches of one source", _critical), _answer("Switches of one source", {"pk": 5, **_critical})]
NEW_PROFILE = {"timeslot": 2, "filters": [5], "media": ["EM", "SM"], "phone_number": 1, "active": True}
PROFILE = [_request("By mail and SMS", NEW_PROFILE), _answer("By mail and SMS", _profile)]
WARNING_HEADER = OpenApiParameter(
    "Warning",
    str,
    location=OpenApiParameter.HEADER,
    response=[200, 201],
    description='Why a part of the profile can never deliver: `299 - "text"`, separated by commas.',
)
PREVIEW = _request("All of two sources", {"sourceSystemIds": [1, 3]})


def _list(plural: str, single: str, words: str, examples: list, **answer: Any) -> Any:
    return describe_view(
        PROFILES,
        get={"operation_id": f"list_{plural}", **({"responses": answer["shown"](many=True)} if answer else {})},
        post={
            "operation_id": f"create_{single}",
            "summary": f"Add a {words}.",
            "examples": examples,
            **({"responses": {201: answer["shown"]}, "parameters": [WARNING_HEADER]} if answer else {}),
        },
    )


def _one(single: str, words: str, examples: list, **answer: Any) -> Any:
    shown = {"responses": answer["shown"], "parameters": [WARNING_HEADER]} if answer else {}
    changes = {"examples": examples, **shown}
    return describe_view(
        PROFILES,
        get={"operation_id": f"get_{single}", **shown},
        put={"operation_id": f"replace_{single}", "summary": f"Replace a {words}.", **changes},
        patch={"operation_id": f"change_{single}", "summary": f"Change parts of a {words}.", **changes},
        delete={"operation_id": f"delete_{single}", "summary": f"Delete a {words}."},
    )


def _incidents(method: str, operation_id: str, *examples: OpenApiExample) -> Any:
    words = {
        "operation_id": operation_id,
        "responses": array_or_page_of(Incident),
        "parameters": [*PAGE_PARAMETERS, LINK_HEADER],
        "examples": list(examples),
    }
    return describe_view(PROFILES, **{method: words})


timeslot_list = _list("timeslots", "timeslot", "time slot", SLOTS)
timeslot = _one("timeslot", "time slot; given recurrences replace all that it has", SLOTS)
filter_list = _list("filters", "filter", "filter", FILTERS)
filter = _one("filter", "filter", FILTERS)
profile_list = _list(
    "notification_profiles", "notification_profile", "notification profile", PROFILE, shown=ShownProfileSerializer
)
profile = _one("notification_profile", "notification profile", PROFILE, shown=ShownProfileSerializer)
profile_incidents = _incidents("get", "list_incidents_of_notification_profile")
filter_preview = _incidents("post", "preview_filter", PREVIEW)
delivery_list = describe_view(
    DELIVERIES,
    get={
        "operation_id": "list_deliveries",
        "responses": array_or_page_of(Delivery),
        "parameters": [*PAGE_PARAMETERS, LINK_HEADER],
        "examples": [_answer("Sent by e-mail; and a profile whose filters did not match", [_sent, _silent])],
    },
)
