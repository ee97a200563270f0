"""Where the event loop's questions to the database are answered: a few threads that keep their connections."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connections

THREADS = 2


class DatabaseThreads:
    """Runs functions that ask the database. A storm of clients waits here for each other, not in the database."""

    def __init__(self):
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="websocket")

    async def run(self, function: Callable, *arguments):
        """Call the function in one of the threads and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, self.call, function, *arguments)

    @staticmethod
    def call(function: Callable, *arguments):
        close_old_connections()
        return function(*arguments)

    def close(self) -> None:
        """End the threads and their connections."""
        together = threading.Barrier(THREADS)

        def leave():
            connections.close_all()
            together.wait(10)

        for _ in range(THREADS):
            self.pool.submit(leave)
        self.pool.shutdown()


class SharedReads:
    """One answer for all who ask at the same time. Each gets one whose reading began after the question."""

    def __init__(self, read: Callable):
        self.read = read
        self.current: asyncio.Task | None = None
        self.next: asyncio.Task | None = None

    async def get(self):
        """Return an answer that is no older than the call."""
        if self.next is None:
            self.next = asyncio.create_task(self.read_after(self.current))
        # Whoever gives up does not take it from the others.
        return await asyncio.shield(self.next)

    async def read_after(self, previous: asyncio.Task | None):
        if previous is not None:
            await asyncio.wait([previous])
        self.current, self.next = self.next, None
        return await self.read()
