"""Run functions in parallel threads, each with its own database connection. Needs ``parallel_db``."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

TIMEOUT = 120  # seconds


def at_once(*calls: Callable) -> list:
    """Start all calls at the same moment, each in a thread. Return their results, or the exceptions they raised."""
    barrier = threading.Barrier(len(calls), timeout=TIMEOUT)

    def run(call: Callable):
        try:
            # Connect before the start, so that all calls begin together.
            connections["default"].ensure_connection()
            barrier.wait()
            return call()
        except Exception as error:
            return error
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=TIMEOUT) for future in [pool.submit(run, call) for call in calls]]
