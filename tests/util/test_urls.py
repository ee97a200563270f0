"""How details URLs are joined to base URLs."""

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus.util.urls import join_url

SITES = st.sampled_from(
    [
        "https://nav.example.org",
        "https://nav.example.org/",
        "http://nav:8080",
        "https://nav/sub/",
        "HTTPS://Nav/",
        "nav",
    ]
)
PATHS = st.text(alphabet="/ab.-_?#;:%\n ", max_size=12)


@given(SITES, PATHS.filter(bool))
def test_a_details_url_is_joined_as_a_browser_would(base_url, url):
    assert join_url(base_url, url) == urljoin(base_url, url)


@given(SITES)
def test_an_empty_details_url_stays_empty(base_url):
    assert join_url(base_url, "") == ""


@pytest.mark.parametrize("url", ["/alerts/1/", "/alerts/1", "/a", "/", "//elsewhere/", "/a//b", "/a/../b"])
def test_common_details_urls_are_joined_as_a_browser_would(url):
    for base_url in ("https://nav.example.org", "https://nav.example.org/", "https://nav.example.org/sub/"):
        assert join_url(base_url, url) == urljoin(base_url, url)


def test_without_a_base_a_details_url_stays_as_it_is():
    assert join_url("", "/alerts/1/") == "/alerts/1/"
