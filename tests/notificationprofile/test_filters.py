"""Filters over REST."""

import json

import pytest

from argus.notificationprofile.models import Filter
from argus.notificationprofile.validation import MAX_SOURCES, MAX_TAG_KEYS, MAX_TAGS
from tests.factories import make_user
from tests.notificationprofile.factories import FILTERS, make_filter
from tests.raw import send_json
from tests.tables import for_each

pytestmark = pytest.mark.once

TEXT = '{"sourceSystemIds": [1, 2], "tags": ["problem_type=boxDown"]}'
CRITICAL = {"name": "Critical", "filter_string": TEXT}


def address_of(one) -> str:
    return f"{FILTERS}{one.pk if isinstance(one, Filter) else one['pk']}/"


def test_filter_is_created_and_shown(as_user):
    response = as_user.post(FILTERS, CRITICAL)

    assert response.status_code == 201
    body = response.json()
    assert list(body) == ["pk", "name", "filter_string"]
    assert body == {"pk": body["pk"], **CRITICAL}
    assert as_user.get(address_of(body)).json() == body
    assert as_user.get(FILTERS).json() == [body]


@pytest.mark.both
@pytest.mark.parametrize(
    "text",
    [
        '{"sourceSystemIds": [1]}',
        '{"tags": ["a=b"]}',
        '{"sourceSystemIds": [], "tags": []}',
        ' {"tags" :["a=b", "a=c=d", " a =", "a=b"],\n\t"sourceSystemIds":[9223372036854775807, 1, 1]} ',
        r'{"tags": ["a=\u00e6\ud83d\ude00"]}',
        '{"tags": ["a=æøå"]}',
    ],
)
def test_filter_string_is_stored_unchanged(as_user, text):
    response = as_user.post(FILTERS, {"name": "Mine", "filter_string": text})

    assert response.status_code == 201, response.content
    assert response.json()["filter_string"] == Filter.objects.get().filter_string == text


@for_each(
    "text",
    [
        "",
        " ",
        "nonsense",
        "{",
        "null",
        "true",
        "1",
        '"x"',
        "[]",
        '[{"tags": []}]',
        "{}",
        '{"open": true}',
        '{"tags": ["a=b"], "acked": false}',
        r'{"\ud800": []}',
        '{"sourceSystemIds": null}',
        '{"sourceSystemIds": 1}',
        '{"sourceSystemIds": {}}',
        '{"sourceSystemIds": ["1"]}',
        '{"sourceSystemIds": [true]}',
        '{"sourceSystemIds": [null]}',
        '{"sourceSystemIds": [1.0]}',
        '{"sourceSystemIds": [-1]}',
        '{"sourceSystemIds": [9223372036854775808]}',
        '{"sourceSystemIds": [NaN]}',
        '{"sourceSystemIds": [[1]]}',
        '{"sourceSystemIds": [' + "9" * 5000 + "]}",
        '{"tags": null}',
        '{"tags": "a=b"}',
        '{"tags": {"a": "b"}}',
        '{"tags": [1]}',
        '{"tags": [null]}',
        '{"tags": ["a"]}',
        '{"tags": ["=b"]}',
        '{"tags": ["A=b"]}',
        '{"tags": ["a b=c"]}',
        '{"tags": [""]}',
        r'{"tags": ["a=\u0000"]}',
        r'{"tags": ["a=\ud800"]}',
        "[" * 50_000,
        '{"tags": ' + "[" * 50_000 + "]" * 50_000 + "}",
        json.dumps({"sourceSystemIds": list(range(MAX_SOURCES + 1))}),
        json.dumps({"tags": [f"a={number}" for number in range(MAX_TAGS + 1)]}),
        json.dumps({"tags": [f"a{number}=b" for number in range(MAX_TAG_KEYS + 1)]}),
        None,
        True,
        1,
        [],
        {},
        {"tags": ["a=b"]},
        '{"tags": []}\x00',
        '{"tags": ["a=\ud800"]}',
    ],
)
def test_invalid_filter_string_is_refused(as_user, text):
    response = send_json(as_user, "POST", FILTERS, {"name": "Mine", "filter_string": text})

    assert response.status_code == 400
    assert list(response.json()) == ["filter_string"]
    (sentence,) = response.json()["filter_string"]
    assert sentence.endswith(".")
    assert not Filter.objects.exists()


@pytest.mark.both
def test_filter_of_the_maximum_size_is_accepted(as_user):
    criteria = {
        "sourceSystemIds": list(range(MAX_SOURCES)),
        "tags": [f"a{number % MAX_TAG_KEYS}={number}" for number in range(MAX_TAGS)],
    }

    assert as_user.post(FILTERS, {"name": "Mine", "filter_string": json.dumps(criteria)}).status_code == 201


def test_put_replaces_and_patch_changes_one_field(as_user):
    one = as_user.post(FILTERS, CRITICAL).json()

    renamed = as_user.patch(address_of(one), {"name": "Boxes"})
    changed = as_user.patch(address_of(one), {"filter_string": '{"tags": []}'})
    replaced = as_user.put(address_of(one), CRITICAL)

    assert [answer.status_code for answer in (renamed, changed, replaced)] == [200, 200, 200]
    assert renamed.json() == one | {"name": "Boxes"}
    assert changed.json() == one | {"name": "Boxes", "filter_string": '{"tags": []}'}
    assert replaced.json() == one


@pytest.mark.parametrize("method", ["put", "patch"])
def test_refused_change_changes_nothing(as_user, method):
    one = as_user.post(FILTERS, CRITICAL).json()

    response = getattr(as_user, method)(address_of(one), {"name": "Other", "filter_string": "[]"})

    assert response.status_code == 400
    assert as_user.get(address_of(one)).json() == one


@pytest.mark.both
def test_duplicate_name_is_refused(as_user):
    make_filter(as_user.user, "Taken")
    one = as_user.post(FILTERS, CRITICAL).json()

    answers = [
        as_user.post(FILTERS, CRITICAL),
        as_user.put(address_of(one), {**CRITICAL, "name": "Taken"}),
        as_user.patch(address_of(one), {"name": "Taken"}),
    ]

    assert [(answer.status_code, list(answer.json())) for answer in answers] == [(400, ["name"])] * 3


def test_users_may_have_the_same_name(as_user):
    make_filter(make_user(), "Critical")

    assert as_user.post(FILTERS, CRITICAL).status_code == 201


@for_each("name", ["", " ", "x" * 41, None, True, [], {}, "a\x00b", "\ud800"])
def test_invalid_name_is_refused(as_user, name):
    response = send_json(as_user, "POST", FILTERS, {**CRITICAL, "name": name})

    assert response.status_code == 400
    assert list(response.json()) == ["name"]


@for_each("body", [None, [], "x", 1, True, {}, {"name": "Mine"}, {"filter_string": TEXT}])
def test_invalid_body_is_refused(as_user, body):
    response = send_json(as_user, "POST", FILTERS, body)

    assert response.status_code == 400
    assert response.json().keys() <= {"name", "filter_string", "non_field_errors"}


@pytest.mark.both
def test_deleted_filter_is_removed_from_profiles(as_user, profile, own_filter):
    response = as_user.delete(address_of(own_filter))

    assert (response.status_code, response.content) == (204, b"")
    profile.refresh_from_db()
    assert list(profile.filters.all()) == []


@pytest.mark.parametrize("client", ["as_user", "as_superuser", "as_source"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_filters_of_other_users_are_404(request, client, method, foreign_profile):
    client, theirs = request.getfixturevalue(client), foreign_profile.filters.get()

    response = getattr(client, method)(address_of(theirs), CRITICAL)

    assert response.status_code == 404
    assert list(response.json()) == ["detail"]
    assert Filter.objects.get().name == "Theirs"
    assert client.get(FILTERS).json() == []


def test_anonymous_requests_are_refused(as_stranger, db):
    assert as_stranger.get(FILTERS).status_code == 401
    assert as_stranger.post(FILTERS, CRITICAL).status_code == 401


@pytest.mark.both
def test_query_count_is_constant(as_user, django_assert_num_queries):
    for number in range(50):
        make_filter(as_user.user, f"Filter {number:02}")

    with django_assert_num_queries(2):
        names = [one["name"] for one in as_user.get(FILTERS).json()]
    assert names == sorted(names)
    assert len(names) == 50
