"""A login never takes over an existing user by an equal name or e-mail address."""

import pytest
from social_django.models import UserSocialAuth

from argus.auth.models import User
from tests.auth.sso.conftest import FEIDE, OIDC, Browser
from tests.factories import make_source, make_user

pytestmark = pytest.mark.once

USER = "/api/v1/auth/user/"


@pytest.mark.both
@pytest.mark.parametrize("address", [OIDC, FEIDE])
@pytest.mark.parametrize("name", ["admin", "Admin", "ADMIN"])
def test_taken_user_name_creates_another_user(provider, browser, address, name):
    admin = make_user("admin", is_superuser=True, is_staff=True)
    provider.person["preferred_username"] = name

    browser.log_in(address)

    me = browser.client.get(USER).json()["username"]
    assert me.startswith(f"{name}_")
    assert len(me) == len(name) + 7
    assert not UserSocialAuth.objects.filter(user=admin).exists()
    assert not User.objects.get(username=me).is_staff


def test_source_account_is_not_taken_over(provider, browser):
    source = make_source("nav")
    provider.person["preferred_username"] = source.user.username

    browser.log_in()

    assert UserSocialAuth.objects.get().user != source.user


@pytest.mark.parametrize("verified", [True, False, None])
def test_known_email_address_creates_another_user(provider, browser, verified):
    victim = make_user("ola", email="ola@example.org")
    provider.person |= {"email": "ola@example.org", "email_verified": verified}

    browser.log_in()

    assert browser.client.get(USER).json()["username"] == "kari"
    assert UserSocialAuth.objects.get().user != victim


@pytest.mark.both
def test_same_subject_at_another_provider_is_another_user(provider, browser, settings):
    browser.log_in()
    UserSocialAuth.objects.update(uid="https://old.example.org 4711")

    Browser().log_in()

    assert User.objects.count() == 2


def test_identities_of_different_backends_are_separate(provider, browser):
    for address in (OIDC, FEIDE, "/oidc/login/dataporten/"):
        Browser().log_in(address)

    assert UserSocialAuth.objects.values("user").distinct().count() == 3


@pytest.mark.both
@pytest.mark.parametrize(
    ("claimed", "begins"),
    [
        ("\u0430dmin", "dmin_"),  # Cyrillic a
        ("\uff41dmin", "admin_"),  # a of full width
        ("adm\u00edn", "admin_"),
        ("ad min", "admin_"),
        ("admin\x00", "admin_"),
        ("admin\u200b", "admin_"),
        ("Åse", "Ase_"),
        ("日本", "_"),
        ("x" * 400, "xxxxxxxx"),
    ],
)
def test_similar_user_names_get_a_suffix(provider, browser, claimed, begins):
    make_user("admin")
    provider.person["preferred_username"] = claimed

    browser.log_in()

    name = UserSocialAuth.objects.get().user.username
    assert name.startswith(begins)
    assert name != "admin"
    User._meta.get_field("username").run_validators(name)


@pytest.mark.parametrize("claimed", [None, "", 7, ["kari"], {"a": 1}, True])
def test_missing_user_name_is_replaced_by_the_provider(provider, browser, claimed):
    provider.person["preferred_username"] = claimed

    browser.log_in()

    assert UserSocialAuth.objects.get().user.username.startswith("oidc")


@pytest.mark.parametrize(
    "nonsense", [{"name": 5}, {"name": "A\x00\nB" * 400}, {"email": "no address"}, {"email": ["a@example.org"]}]
)
def test_invalid_claims_are_ignored_or_shortened(provider, browser, nonsense):
    provider.person |= nonsense

    browser.log_in()

    user = User.objects.get()
    assert user.email == ""
    user.full_clean(exclude=["password"])


def test_inactive_user_cannot_log_in(provider, browser):
    browser.log_in()
    User.objects.update(is_active=False)

    response = Browser().log_in()

    assert response.status_code == 403
    assert b"may not be used" in response.content
    assert "token" not in response.cookies
    assert browser.client.get(USER).status_code == 401
