"""Every list of every URL is bounded."""

import json

import pytest
from django.urls import get_resolver

from argus.api import arrays
from argus.api.counted_pagination import TOTAL_HEADER
from argus.auth.models import PhoneNumber
from argus.notificationprofile import delivery_log
from argus.notificationprofile.api.v1 import views
from tests.factories import INCIDENTS, make_ack, make_event, make_incidents, make_source, make_user
from tests.notificationprofile.factories import make_line, make_profile

from .test_schema import addresses

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MOST, ROWS = 4, 6
# What grows with the code alone.
FIXED = {"/login-methods/"}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (arrays, delivery_log, views):
        monkeypatch.setattr(module, "MAX_ROWS", MOST)
    monkeypatch.setattr(arrays, "ROWS_PER_CHUNK", MOST // 2)


def make_many_rows(user) -> dict[str, int]:
    """More of everything than an array may have; return what to put into addresses."""
    source = make_source()
    incident, *_ = make_incidents(ROWS, source)
    people = [make_user(email=f"person{number}@example.org") for number in range(ROWS)]
    for number, person in enumerate(people):
        make_source(type=f"type{number}")
        PhoneNumber.objects.create(user=user, phone_number=f"+474767670{number}")
        profile = make_profile(user)
        event = make_event(incident, actor=person)
        make_ack(incident, actor=person)
    for person in people:
        make_line(event, person)
    return {"incident": incident.pk, "profile": profile.timeslot_id, "event_pk": event.pk}


def array_in(answer) -> list | None:
    """Return the list that an answer is, or is made for; pages have an end of their own."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    body = json.loads(content)
    if isinstance(body, dict):
        return body.get("sourceSystems")
    return None if answer.has_header(TOTAL_HEADER) and answer.has_header("Link") else body


def test_every_array_is_bounded(as_superuser):
    keys = make_many_rows(as_superuser.user)
    found = {}
    for template in addresses(get_resolver().url_patterns):
        if not template.startswith(("/api/", "/login")) or "(" in template:
            continue
        pk = keys["profile" if "notificationprofiles" in template else "incident"]
        if "uuid" in template or "by-source-id" in template:
            continue
        answer = as_superuser.get(template.format(pk=pk, **keys))
        if answer.status_code == 200 and "json" in answer["Content-Type"]:
            array = array_in(answer)
            if array is not None and template not in FIXED:
                found[template] = len(array)
    assert {*(f"{INCIDENTS}{name}/" for name in ("sources", "source-types", "metadata", "open"))} < set(found)
    assert len(found) == 13
    assert found == dict.fromkeys(found, MOST)


PROFILES = "/api/v1/notificationprofiles/"
BY_HAND = [
    *(f"{INCIDENTS}{name}/" for name in ("sources", "source-types", "metadata")),
    *(f"{PROFILES}{name}" for name in ("", "timeslots/", "filters/")),
    "/api/v1/auth/phone-number/",
]


@pytest.mark.parametrize("address", BY_HAND)
def test_truncated_array_reports_the_total(as_superuser, caplog, address):
    def add(numbers: range) -> None:
        for number in numbers:
            make_source(type=f"type{number}")
            make_profile(as_superuser.user)
            PhoneNumber.objects.create(user=as_superuser.user, phone_number=f"+474767670{number}")

    arrays.warn_of_cut_list.cache_clear()
    as_superuser.user.timeslots.all().delete()
    add(range(MOST))
    assert not as_superuser.get(address).has_header(TOTAL_HEADER)
    assert not [record for record in caplog.records if record.name == arrays.__name__]

    add(range(MOST, ROWS))
    answers = [as_superuser.get(address), as_superuser.get(address)]
    assert [answer[TOTAL_HEADER] for answer in answers] == [str(ROWS)] * 2
    assert len(array_in(answers[0])) == MOST
    assert len([record for record in caplog.records if record.name == arrays.__name__]) == 1
