"""Database queries for code in the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThread:
    """A thread with a database connection of its own. Functions run in it one after the other."""

    def __init__(self, name: str) -> None:
        self.executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function in the thread and return its result."""

        def call() -> T:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self.executor, call)

    def close(self) -> None:
        """Close the connection and end the thread."""
        self.executor.submit(connections.close_all)
        self.executor.shutdown()


class SharedRead(Generic[T]):
    """A read whose result is shared by all callers that wait for it. It always starts after the call."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self.read = read
        self.current: asyncio.Task[T] | None = None
        self.next: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return a result that is no older than the call."""
        if self.next is None:
            self.next = asyncio.create_task(self._read_after(self.current))
        # A caller that is cancelled must not cancel the read of the others.
        return await asyncio.shield(self.next)

    async def _read_after(self, previous: asyncio.Task[T] | None) -> T:
        if previous is not None:
            await asyncio.wait([previous])
        self.current, self.next = self.next, None
        return await self.read()
