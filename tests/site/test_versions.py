"""The versions of the server and the API."""

import pytest

from argus.site import VERSION
from tests.factories import Client

pytestmark = pytest.mark.once

API = "/api/"


@pytest.mark.parametrize("credentials", [{}, {"HTTP_AUTHORIZATION": f"Token {'0' * 40}"}])
def test_versions_are_public(db, credentials):
    response = Client(**credentials).get(API)

    assert response.status_code == 200
    assert response.json()["api-version"] == {"stable": "v1", "unstable": None}


def test_version_is_that_of_argus(db):
    assert Client().get(API).json()["server-version"] == VERSION
