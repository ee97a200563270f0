"""The JSON renderer."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict

from argus.api.renderers import JSONRenderer
from argus.util.json import dumps


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": [1, None, True, "æ"]}, '{"a":[1,null,true,"æ"]}'),
        (ErrorDetail("No.", code="x"), '"No."'),
        (gettext_lazy("No."), '"No."'),
        (UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
        (datetime(2024, 1, 1, tzinfo=UTC), '"2024-01-01T00:00:00+00:00"'),
        (ReturnDict({"a": 1}, serializer=None), '{"a":1}'),
        ([], "[]"),
    ],
)
def test_values_of_rest_framework_are_rendered_as_json(data, text):
    assert dumps(data).decode() == text


@pytest.mark.parametrize("data", ["\ud800", {"\udfff": ["a"]}, {"a": 2**70}])
def test_lone_surrogates_and_large_integers_are_rendered(data):
    assert json.loads(dumps(data)) == data


def test_no_data_renders_no_bytes():
    assert JSONRenderer().render(None) == b""
    assert JSONRenderer().render({}) == b"{}"
