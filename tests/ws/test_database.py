"""Reads are shared by those that ask at the same time, and run in a thread of their own."""

import asyncio
import threading

import pytest

from argus.ws.database import DatabaseThread, SharedRead


def test_function_runs_in_the_thread():
    async def main() -> tuple[str, str]:
        thread = DatabaseThread("example")
        try:
            first = await thread.run(lambda: threading.current_thread().name)
            return first, await thread.run(lambda prefix: prefix + threading.current_thread().name, prefix="")
        finally:
            thread.close()

    assert asyncio.run(main()) == ("example_0", "example_0")


def test_callers_at_the_same_time_share_a_read_that_began_after_they_asked():
    async def main() -> list[int]:
        reads, release = [], asyncio.Event()

        async def read() -> int:
            reads.append(True)
            number = len(reads)
            await release.wait()
            return number

        shared = SharedRead(read)
        first = [asyncio.create_task(shared.get()) for _ in range(3)]
        await asyncio.sleep(0.01)
        second = [asyncio.create_task(shared.get()) for _ in range(3)]
        await asyncio.sleep(0.01)
        release.set()
        return await asyncio.gather(*first, *second)

    assert asyncio.run(main()) == [1, 1, 1, 2, 2, 2]


def test_cancelled_caller_does_not_end_the_read_of_others():
    async def main() -> int:
        release = asyncio.Event()

        async def read() -> int:
            await release.wait()
            return 7

        shared = SharedRead(read)
        cancelled, other = asyncio.create_task(shared.get()), asyncio.create_task(shared.get())
        await asyncio.sleep(0.01)
        cancelled.cancel()
        release.set()
        return await other

    assert asyncio.run(main()) == 7


def test_error_of_a_read_is_raised_and_the_next_read_succeeds():
    async def main() -> int:
        failures = [ValueError("once")]

        async def read() -> int:
            if failures:
                raise failures.pop()
            return 7

        shared = SharedRead(read)
        with pytest.raises(ValueError, match="once"):
            await shared.get()
        return await shared.get()

    assert asyncio.run(main()) == 7
