"""Things that happen at once: real threads, each with its own connection, on a database that threads can share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

PATIENCE = 120


def at_once(*calls: Callable) -> list:
    """Run all calls at the same moment, each in a thread; return what they returned, or the exceptions they raised."""
    barrier = threading.Barrier(len(calls), timeout=PATIENCE)

    def run(call: Callable):
        try:
            # The connection is there before the start, so that nobody loses time with opening one.
            connections["default"].ensure_connection()
            barrier.wait()
            return call()
        except Exception as error:
            return error
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=PATIENCE) for future in [pool.submit(run, call) for call in calls]]
