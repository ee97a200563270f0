"""Requests and answers as the API description shows them: one switch that fails, from its first alarm to its end."""

from drf_spectacular.utils import OpenApiExample


def _request(name: str, value) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _answer(name: str, value) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


_source = {
    "pk": 3,
    "name": "nav.example.org",
    "type": {"name": "nav"},
    "user": 12,
    "base_url": "https://nav.example.org/",
}
_incident = {
    "pk": 4711,
    "start_time": "2026-03-02T08:15:30+01:00",
    "end_time": "infinity",
    "source": _source,
    "source_incident_id": "90125",
    "details_url": "https://nav.example.org/alerts/90125/",
    "description": "Switch sw-3.example.org does not answer",
    "ticket_url": "",
    "tags": [
        {"added_by": 12, "added_time": "2026-03-02T08:15:31.250000+01:00", "tag": "host=sw-3.example.org"},
        {"added_by": 12, "added_time": "2026-03-02T08:15:31.250000+01:00", "tag": "problem_type=boxDown"},
    ],
    "stateful": True,
    "open": True,
    "acked": False,
}
_cursor_link = "https://argus.example.org/api/v1/incidents/?cursor=cD0yMDI2LTAz&page_size=1"
_event = {
    "pk": 9001,
    "incident": 4711,
    "actor": {"pk": 7, "username": "kari"},
    "timestamp": "2026-03-02T08:40:00+01:00",
    "received": "2026-03-02T08:40:00.125000+01:00",
    "type": {"value": "OTH", "display": "Other"},
    "description": "Somebody is on the way there",
}
_ack = {
    "pk": 9002,
    "event": {
        **_event,
        "pk": 9002,
        "type": {"value": "ACK", "display": "Acknowledge"},
        "description": "I am looking into it",
    },
    "expiration": "2026-03-02T16:00:00+01:00",
}
_new_incident = {
    "source_incident_id": "90125",
    "start_time": "2026-03-02T08:15:30+01:00",
    "end_time": "infinity",
    "description": "Switch sw-3.example.org does not answer",
    "details_url": "/alerts/90125/",
    "tags": [{"tag": "host=sw-3.example.org"}, {"tag": "problem_type=boxDown"}],
}
_log_line = {
    "source_incident_id": "90126",
    "start_time": "2026-03-02T08:17:00+01:00",
    "description": "Somebody logged in to sw-3.example.org",
    "tags": [],
}

IDS = OpenApiExample("Two sources", value="1,3")
TAG_FILTER = OpenApiExample("One of two hosts that is down", value="host=sw-3,host=sw-4,problem_type=boxDown")

NEW_INCIDENTS = [
    _request("An open incident", _new_incident),
    _request("A stateless incident", _log_line),
    _request("An incident of the source that a superuser names", {**_new_incident, "source": 3}),
]
NEW_BULK = _request("Two incidents", {"incidents": [_new_incident, _log_line]})
BULK_RESULTS = _answer(
    "One was known already, another was refused",
    {
        "results": [
            {"status": "created", "pk": 4712},
            {"status": "exists", "pk": 4711},
            {"status": "invalid", "errors": {"start_time": ["This field is required."]}},
        ]
    },
)
OPEN_SET = _request("The only one that is open", {"incidents": [_new_incident]})
SET_DIFFERENCE = _answer(
    "One was closed",
    {"created": [], "reopened": [], "updated": [], "closed": [{"pk": 4709, "source_incident_id": "90119"}]},
)
UPSERT = _request("An incident", {name: value for name, value in _new_incident.items() if name != "source_incident_id"})
UPSERT_RESULT = _answer("It was closed before", {"result": "reopened", "incident": _incident})
INCIDENT = _answer("An incident", _incident)
INCIDENTS = _answer("A bare array", [_incident])
INCIDENT_PAGE = _answer("A page", {"next": _cursor_link, "previous": None, "results": [_incident]})
INCIDENT_CHANGE = _request(
    "A ticket and another set of tags",
    {"ticket_url": "https://tickets.example.org/RT/512", "tags": [{"tag": "host=sw-3.example.org"}]},
)
TICKET = OpenApiExample("A ticket", value={"ticket_url": "https://tickets.example.org/RT/512"})

NEW_EVENTS = [
    _request("A source ends its incident", {"type": "END", "timestamp": "2026-03-02T09:02:11+01:00"}),
    _request("A person closes it now", {"type": "CLO", "description": "The fuse was replaced"}),
    _request("A person reopens it now", {"type": "REO"}),
    _request("A remark", {"type": "OTH", "description": "Somebody is on the way there"}),
]
EVENT = _answer("An event", _event)
EVENTS = _answer("A bare array", [_event])

NEW_ACKS = [
    _request(
        "Until four in the afternoon",
        {"event": {"description": "I am looking into it"}, "expiration": "2026-03-02T16:00:00+01:00"},
    ),
    _request("For good", {"event": {}}),
]
ACK = _answer("An acknowledgement", _ack)
ACKS = _answer("A bare array", [_ack])

NEW_SOURCE = _request(
    "A source", {"name": "nav.example.org", "type": "nav", "base_url": "https://nav.example.org/", "username": "nav"}
)
SOURCE = _answer("A source", _source)
SOURCE_NAME = _request("Another name", {"name": "nav-north.example.org"})

_missing = {"status": 404, "errors": {"detail": "Not found."}}
MANY_ACKS = [
    _request("Two incidents", {"ids": [4711, 4712], "ack": {"event": {"description": "I am looking into it"}}}),
    _answer(
        "One is not there",
        {"changes": {"4711": {"ack": _ack, "status": 201, "errors": None}, "4712": {"ack": None, **_missing}}},
    ),
]
MANY_EVENTS = [
    _request("Two incidents", {"ids": [4711, 4712], "event": {"type": "CLO"}}),
    _answer(
        "One is not there",
        {"changes": {"4711": {"event": _event, "status": 201, "errors": None}, "4712": {"event": None, **_missing}}},
    ),
]
MANY_TICKETS = [
    _request("Two incidents", {"ids": [4711, 4712], "ticket_url": "https://tickets.example.org/RT/512"}),
    _answer(
        "One is not there",
        {
            "changes": {
                "4711": {"ticket_url": "https://tickets.example.org/RT/512", "status": 201, "errors": None},
                "4712": {"ticket_url": None, **_missing},
            }
        },
    ),
]
