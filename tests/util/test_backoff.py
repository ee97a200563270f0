from time import monotonic

from argus.util.backoff import GATHER, LONGEST_GATHER, rest_after


def test_short_turns_are_a_moment_apart():
    assert 0 < rest_after(monotonic()) <= GATHER


def test_the_longer_a_turn_takes_the_longer_is_the_rest():
    assert GATHER < 3 * 0.04 <= rest_after(monotonic() - 0.04) <= LONGEST_GATHER


def test_no_rest_is_longer_than_people_can_wait():
    assert rest_after(monotonic() - 60) == LONGEST_GATHER
