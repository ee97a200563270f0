"""Generated bodies for profiles and their parts: accepted, or refused without a change."""

import json

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bad_input.places import all_rows
from tests.notificationprofile.factories import API, FILTERS, PREVIEW, TIMESLOTS

ODD = ["", " ", "\x00", "\ud800", "EM", "SM", "true", "08:00", "25:00", "23:59:59.999999", "a=b", "=", "٣", "x" * 50]
numbers = st.sampled_from([0, 1, 2, 7, 8, -1, 2**63 - 1, 2**63, 10**400, 1.5, 1e308, -0.0])
scalars = st.none() | st.booleans() | numbers | st.sampled_from(ODD) | st.text(max_size=5)
KEYS = ["days", "start", "end", "all_day", "pk", "tags", "sourceSystemIds", "name"]
names = st.sampled_from(KEYS) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)
hours = st.fixed_dictionaries(
    {"days": st.lists(st.integers(0, 8), max_size=3) | values},
    optional={"start": st.sampled_from(ODD) | values, "end": st.sampled_from(ODD) | values, "all_day": values},
)
tags = st.lists(scalars, max_size=3) | values
criteria = st.fixed_dictionaries({}, optional={"tags": tags, "sourceSystemIds": values})
FIELDS = {
    TIMESLOTS: {"name": scalars, "time_recurrences": st.lists(hours | values, max_size=3) | values},
    FILTERS: {"name": scalars, "filter_string": criteria.map(json.dumps) | values.map(json.dumps) | values},
    API: dict.fromkeys(("timeslot", "filters", "media", "phone_number", "active"), values),
    PREVIEW: {"tags": values, "sourceSystemIds": values},
}


@pytest.fixture
def fine(slot, own_filter, number) -> dict:
    """A body for each address that would be taken."""
    return {
        TIMESLOTS: {"name": "new", "time_recurrences": [{"days": [1], "start": "08:00", "end": "09:00"}]},
        FILTERS: {"name": "new", "filter_string": '{"tags": ["a=b"]}'},
        API: {"timeslot": slot.pk, "filters": [own_filter.pk], "media": ["SM"], "phone_number": number.pk},
        PREVIEW: {"tags": [], "sourceSystemIds": [1]},
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "method"),
    [(PREVIEW, "post"), *((path, method) for path in (TIMESLOTS, FILTERS, API) for method in ("post", "put", "patch"))],
)
def test_generated_bodies_cause_no_server_error_or_partial_change(
    as_user, fine, slot, own_filter, profile, path, method
):
    url = path if method == "post" else f"{path}{own_filter.pk if path == FILTERS else slot.pk}/"
    as_user.raise_request_exception = False
    before = all_rows()

    @settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.fixed_dictionaries({}, optional=FIELDS[path]), st.booleans())
    def try_one(changes, is_partial):
        body = changes if is_partial else fine[path] | changes
        with transaction.atomic():
            response = as_user.generic(method.upper(), url, json.dumps(body), content_type="application/json")
            assert response.status_code in {200, 201, 400}, (body, response.content)
            assert response.json() is not None
            if response.status_code == 400:
                assert all_rows() == before
            transaction.set_rollback(True)

    try_one()
