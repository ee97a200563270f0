"""Conditions that Django does not have."""

import pytest
from django.db.models import F

from argus.auth.models import User
from argus.util.lookups import Among
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_rows_among_many_numbers_are_those_and_no_others():
    few = [make_user(), make_user()]
    other = make_user()
    keys = [user.pk for user in few]
    found = User.objects.filter(Among(F("pk"), [*keys, *range(10**6, 10**6 + 40_000)]))
    assert set(found) == set(few)
    assert other in User.objects.exclude(Among(F("pk"), keys))


def test_nothing_is_among_no_numbers():
    make_user()
    assert not User.objects.filter(Among(F("pk"), [])).exists()
