"""A background task runs soon after a request, coalesced, and survives errors and forks."""

import logging
import os
import threading

import pytest

from argus.util.background import BackgroundTask


def test_request_runs_the_function_in_another_thread():
    threads = []
    task = BackgroundTask(lambda: threads.append(threading.current_thread().name), name="example", interval=0.01)

    task.request()
    task.close()

    assert threads == ["example"]


def test_requests_during_a_run_lead_to_one_more_run():
    started, release, runs = threading.Event(), threading.Event(), []

    def work() -> None:
        runs.append(True)
        started.set()
        release.wait(20)

    task = BackgroundTask(work, name="example", interval=0.01)
    task.request()
    assert started.wait(20)
    for _ in range(100):
        task.request()
    release.set()
    task.close()

    assert len(runs) == 2


def test_error_is_logged_once_and_later_requests_are_served(caplog):
    caplog.set_level(logging.INFO, logger="argus.util.background")
    done, failures = threading.Event(), [ConnectionError("refused"), ConnectionError("refused")]

    def work() -> None:
        if failures:
            raise failures.pop()
        done.set()

    task = BackgroundTask(work, name="example", interval=0.01)
    while not done.is_set():
        task.request()
        done.wait(0.01)
    task.close()

    assert [record.getMessage() for record in caplog.records] == [
        "Background task example failed: refused",
        "Background task example succeeds again.",
    ]


def test_close_ends_the_thread_and_cleans_up_in_it():
    cleaned, thread = [], None
    task = BackgroundTask(
        lambda: None, name="example", interval=0.01, cleanup=lambda: cleaned.append(threading.current_thread())
    )
    task.request()
    thread = task.thread
    task.close()

    assert cleaned == [thread]
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_child_starts_a_thread_of_its_own():
    ran = threading.Event()
    task = BackgroundTask(ran.set, name="example", interval=0.01)
    task.request()
    assert ran.wait(20)
    ran.clear()
    child = os.fork()
    if child == 0:
        task.request()
        os._exit(0 if ran.wait(20) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    task.close()
