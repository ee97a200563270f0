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


def test_first_api_lists_its_urls(db):
    urls = Client().get("/api/v1/").json()

    assert urls["incidents/"] == "http://testserver/api/v1/incidents/"
    assert {"token-auth/", "notificationprofiles/filters/", "schema/"} < urls.keys()
    assert all(Client().get(url).status_code in {200, 401, 405} for url in urls.values())


def test_browsers_get_the_urls_as_links(db):
    page = Client(headers={"accept": "text/html"}).get("/api/v1/").content.decode()

    assert 'href="http://testserver/api/v1/incidents/"' in page
