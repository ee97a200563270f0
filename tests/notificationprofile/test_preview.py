"""What a filter would be about, before it is stored."""

import json

import pytest

from argus.notificationprofile.validation import MAX_SOURCES, MAX_TAG_KEYS, MAX_TAGS
from tests.factories import make_incident, make_incidents, make_source
from tests.notificationprofile.factories import PREVIEW, make_filter
from tests.raw import send_json
from tests.tables import for_each

FORM = "application/x-www-form-urlencoded"


def preview(client, **criteria) -> set[int]:
    response = client.post(PREVIEW, criteria)
    assert response.status_code == 200, response.content
    return {one["pk"] for one in response.json()}


def test_either_key_alone_and_both_together_are_fine(as_user):
    first, second = make_incident(tags=["a=b"]), make_incident(tags=["a=b"], end_time=None)
    third = make_incident(first.source, tags=["a=c"])

    assert preview(as_user, sourceSystemIds=[first.source_id]) == {first.pk, third.pk}
    assert preview(as_user, tags=["a=b"]) == {first.pk, second.pk}
    assert preview(as_user, tags=["a=b"], sourceSystemIds=[first.source_id]) == {first.pk}
    assert preview(as_user, tags=["a=b", "a=c"]) == {first.pk, second.pk, third.pk}
    assert preview(as_user, tags=["a=b", "b=c"]) == set()


def test_empty_lists_do_not_restrict(as_user):
    incident = make_incident()

    assert preview(as_user, sourceSystemIds=[]) == preview(as_user, tags=[]) == {incident.pk}


def test_sources_and_tags_that_nothing_has_match_nothing(as_user):
    make_incident(tags=["a=b"])

    assert preview(as_user, sourceSystemIds=[0, 2**63 - 1]) == preview(as_user, tags=["a=never seen"]) == set()


def test_preview_accepts_a_form(as_user):
    incident = make_incident(tags=["a=b"])

    for form in (f"sourceSystemIds={incident.source_id}&sourceSystemIds=0", "tags=a=b&tags=a=c"):
        response = as_user.post(PREVIEW, form, content_type=FORM)

        assert [one["pk"] for one in response.json()] == [incident.pk]
    assert as_user.post(PREVIEW, "sourceSystemIds=x", content_type=FORM).status_code == 400
    assert as_user.post(PREVIEW, "", content_type=FORM).status_code == 400


def test_preview_is_newest_first_and_paginated_on_request(as_user):
    incidents = [one.pk for one in reversed(make_incidents(3))]

    assert [one["pk"] for one in as_user.post(PREVIEW, {"tags": []}).json()] == incidents
    page = as_user.post(f"{PREVIEW}?page_size=2", {"tags": []}).json()
    assert [one["pk"] for one in page["results"]] == incidents[:2]
    assert [one["pk"] for one in as_user.post(page["next"], {"tags": []}).json()["results"]] == incidents[2:]


def test_preview_is_bounded_and_links_to_the_next_page(as_user, monkeypatch):
    monkeypatch.setattr("argus.api.arrays.ROWS_PER_CHUNK", 2)
    monkeypatch.setattr("argus.api.arrays.MAX_ROWS", 4)
    make_incidents(5)

    response = as_user.post(PREVIEW, {"tags": []})

    assert len(json.loads(response.getvalue())) == 4
    assert 'rel="next"' in response["Link"]


@for_each(
    "body, field",
    [
        (None, "non_field_errors"),
        ([], "non_field_errors"),
        ("x", "non_field_errors"),
        (1, "non_field_errors"),
        (True, "non_field_errors"),
        ({}, "non_field_errors"),
        ({"open": True}, "open"),
        ({"tags": [], "nonsense": 1}, "nonsense"),
        ({"\ud800": 1}, "\ud800"),
        ({"sourceSystemIds": None}, "sourceSystemIds"),
        ({"sourceSystemIds": "1"}, "sourceSystemIds"),
        ({"sourceSystemIds": [True]}, "sourceSystemIds"),
        ({"sourceSystemIds": [10**30]}, "sourceSystemIds"),
        ({"sourceSystemIds": ["1"]}, "sourceSystemIds"),
        ({"sourceSystemIds": list(range(MAX_SOURCES + 1))}, "sourceSystemIds"),
        ({"tags": None}, "tags"),
        ({"tags": "a=b"}, "tags"),
        ({"tags": [None]}, "tags"),
        ({"tags": ["a"]}, "tags"),
        ({"tags": ["A=b"]}, "tags"),
        ({"tags": ["a=\x00"]}, "tags"),
        ({"tags": ["a=\ud800"]}, "tags"),
        ({"tags": [f"a={number}" for number in range(MAX_TAGS + 1)]}, "tags"),
        ({"tags": [f"a{number}=b" for number in range(MAX_TAG_KEYS + 1)]}, "tags"),
    ],
)
def test_invalid_criteria_are_refused_with_the_key(as_user, body, field):
    response = send_json(as_user, "POST", PREVIEW, body)

    assert response.status_code == 400
    assert list(response.json()) == [field]


def test_query_count_is_constant(as_user, django_assert_num_queries):
    source = make_source()
    make_incidents(50, source, tags=["a=b", "c=d"])

    with django_assert_num_queries(4):
        assert len(preview(as_user, sourceSystemIds=[source.pk], tags=["a=b"])) == 50


def test_profile_of_the_maximum_size_can_be_queried(as_user, profile):
    """A profile of the maximum size stays below the limits of the databases."""
    incident = make_incident(tags=[f"k{key}={value}" for key in range(MAX_TAG_KEYS) for value in range(40)])
    for number in range(50):
        sources = [incident.source_id, *range(number * 10_000 + 10_000, number * 10_000 + 10_000 + MAX_SOURCES - 1)]
        tags = [f"k{n % MAX_TAG_KEYS}={(n // MAX_TAG_KEYS + number) % 40}" for n in range(MAX_TAGS)]
        profile.filters.add(make_filter(as_user.user, sourceSystemIds=sources, tags=tags))

    response = as_user.get(f"/api/v1/notificationprofiles/{profile.timeslot_id}/incidents/")

    assert [one["pk"] for one in response.json()] == [incident.pk]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_preview_needs_post(as_user, method):
    assert getattr(as_user, method)(PREVIEW).status_code == 405


def test_anonymous_requests_are_refused(as_stranger, db):
    assert as_stranger.post(PREVIEW, {"tags": []}).status_code == 401
