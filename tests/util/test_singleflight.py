"""Callers share one call, and wait for a limited time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from argus.util.singleflight import NoResultError, SingleFlight


def test_parallel_callers_share_one_call():
    calls, may_go = [], threading.Event()

    def answer():
        calls.append(1)
        assert may_go.wait(20)
        return "result"

    shared = SingleFlight(answer, timeout=20, max_age=60)
    with ThreadPoolExecutor(8) as pool:
        callers = [pool.submit(shared) for _ in range(8)]
        may_go.set()
        assert [caller.result(20) for caller in callers] == ["result"] * 8
    assert shared() == "result"
    assert len(calls) == 1


def test_old_result_is_not_reused():
    results = iter([1, 2])
    shared = SingleFlight(lambda: next(results), timeout=20, max_age=-1)

    assert [shared(), shared()] == [1, 2]


def test_hanging_call_fails_later_callers_at_once_and_is_not_repeated():
    calls, may_go = [], threading.Event()

    def hang():
        calls.append(1)
        assert may_go.wait(20)
        return "late"

    shared = SingleFlight(hang, timeout=0.05, max_age=60)
    for _ in range(3):
        with pytest.raises(NoResultError):
            shared()
    assert len(calls) == 1

    may_go.set()
    assert shared.future.result(20) == "late"
    assert shared() == "late"


def test_errors_are_shared_like_results():
    def fail():
        raise LookupError("no")

    with pytest.raises(LookupError):
        SingleFlight(fail, timeout=20, max_age=60)()


def test_timeout_error_of_the_function_is_raised():
    def fail():
        raise TimeoutError("socket")

    with pytest.raises(TimeoutError, match="socket"):
        SingleFlight(fail, timeout=20, max_age=60)()
