"""Pauses of a background loop."""

from time import monotonic

from argus.util.backoff import MAX_PAUSE, MIN_INTERVAL, pause_after


def test_short_rounds_begin_at_the_minimal_interval():
    assert 0 < pause_after(monotonic()) <= MIN_INTERVAL


def test_long_round_is_followed_by_a_long_pause():
    assert MIN_INTERVAL < 3 * 0.04 <= pause_after(monotonic() - 0.04) <= MAX_PAUSE


def test_pause_never_exceeds_the_maximum():
    assert pause_after(monotonic() - 60) == MAX_PAUSE
