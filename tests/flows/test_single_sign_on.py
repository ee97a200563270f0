"""Single sign-on over the network: providers configured by environment variables, and a browser."""

from contextlib import closing

import pytest
import requests

from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from tests.live import new_database, running_argus

pytestmark = pytest.mark.once

FRONTEND = "http://localhost:9"


@pytest.fixture(scope="module")
def provider():
    with closing(IdentityProvider()) as provider:
        yield provider


@pytest.fixture(scope="module")
def server(provider):
    environment = {
        "ARGUS_FRONTEND_URL": FRONTEND,
        "ARGUS_OIDC_ENDPOINT": provider.url,
        "ARGUS_OIDC_NAME": "Example University",
        "ARGUS_DATAPORTEN_URL": provider.url,
    }
    for name in ("OIDC", "DATAPORTEN"):
        environment |= {f"ARGUS_{name}_KEY": CLIENT_ID, f"ARGUS_{name}_SECRET": CLIENT_SECRET}
    with new_database() as database_url, running_argus(database_url, **environment) as server:
        yield server


def links(server) -> dict[str, str]:
    """Return the login links by provider."""
    methods = requests.get(f"{server.url}/login-methods/", timeout=10).json()
    return {method["type"]: method["url"] for method in methods if method["name"] != "user_pw"}


@pytest.mark.parametrize("label", ["Example University", "Feide"])
def test_login_link_leads_through_the_provider_to_the_frontend_with_a_token(server, label):
    browser = requests.Session()
    url = links(server)[label]
    for _ in range(3):
        response = browser.get(url, allow_redirects=False, timeout=10)
        url = response.headers["Location"]

    assert url == FRONTEND
    with server.session(browser.cookies["token"]) as frontend:
        assert frontend.get(f"{server.api}auth/user/", timeout=10).json()["first_name"] == "Kari"


def test_failed_login_is_one_line_in_the_log_without_secrets(server, provider):
    provider.claims = {"aud": "another-client"}

    response = requests.get(
        links(server)["Example University"], cookies=requests.cookies.RequestsCookieJar(), timeout=10
    )

    assert response.status_code == 502
    log = server.log.read_text(errors="replace")
    assert "Login by oidc failed: invalid_claim (token_validation; aud)." in log
    assert "Traceback" not in log
    assert "hush" not in log
