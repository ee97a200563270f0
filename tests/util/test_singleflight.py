"""Asked by many, called once; never waited for too long."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from argus.util.singleflight import NoAnswer, SharedAnswer


def test_askers_at_once_share_one_call():
    calls, may_go = [], threading.Event()

    def ask():
        calls.append(1)
        assert may_go.wait(20)
        return "answer"

    shared = SharedAnswer(ask, patience=20, fresh=60)
    with ThreadPoolExecutor(8) as pool:
        askers = [pool.submit(shared) for _ in range(8)]
        may_go.set()
        assert [asker.result(20) for asker in askers] == ["answer"] * 8
    assert shared() == "answer"
    assert len(calls) == 1


def test_an_answer_that_is_not_fresh_is_asked_for_again():
    answers = iter([1, 2])
    shared = SharedAnswer(lambda: next(answers), patience=20, fresh=-1)

    assert [shared(), shared()] == [1, 2]


def test_nobody_waits_for_what_has_hung_long_enough_and_it_is_not_asked_twice():
    calls, may_go = [], threading.Event()

    def hang():
        calls.append(1)
        assert may_go.wait(20)
        return "late"

    shared = SharedAnswer(hang, patience=0.05, fresh=60)
    for _ in range(3):
        with pytest.raises(NoAnswer):
            shared()
    assert len(calls) == 1

    may_go.set()
    shared.call.done.wait(20)
    assert shared() == "late"


def test_failures_are_shared_like_answers():
    def fail():
        raise LookupError("no")

    with pytest.raises(LookupError):
        SharedAnswer(fail, patience=20, fresh=60)()
