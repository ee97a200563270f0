"""Values as the admin's lists show them."""

from datetime import timedelta

import pytest

from argus.adminkit.display import badge, format_duration

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=1), "1 d 0 h"),
        (timedelta(days=400, hours=3, minutes=59), "400 d 3 h"),
    ],
)
def test_duration_has_two_units_at_most(duration, text):
    assert format_duration(duration) == text


def test_badge_escapes_its_text():
    assert badge("<b>", "good") == '<span class="badge badge-good">&lt;b&gt;</span>'
