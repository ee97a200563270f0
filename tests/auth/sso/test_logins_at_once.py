"""Concurrent first logins of one user in several browsers."""

from social_django.models import UserSocialAuth

from argus.auth.models import User
from argus.auth.sso import errors
from tests.auth.sso.conftest import FRONTEND, Browser
from tests.parallel import at_once


def test_concurrent_first_logins_create_one_user(parallel_db, provider, monkeypatch):
    monkeypatch.setattr(errors, "SLOT_TIMEOUT", 60)
    browsers = [Browser() for _ in range(5)]
    ways_back = [browser.visit(browser.begin()["Location"]) for browser in browsers]

    answers = at_once(
        *[lambda b=browser, w=way: b.come_back(w) for browser, way in zip(browsers, ways_back, strict=True)]
    )

    assert [answer["Location"] for answer in answers] == [FRONTEND] * 5
    assert User.objects.get() == UserSocialAuth.objects.get().user
    assert User.objects.get().username == "kari"
