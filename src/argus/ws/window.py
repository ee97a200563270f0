"""The newest messages of one audience, ready for the wire, once per process: all of its sockets read from here.

A socket has no queue of its own, only a place in this window; one that is slower reads from the journal.
"""

import asyncio
from collections import deque

from . import messages

# How much is kept here, in characters.
MOST_CHARACTERS = 4 * 1024 * 1024


class Window:
    """Messages up to number ``head`` of a stream. Without a stream the journal has not been reached yet."""

    def __init__(self, audience: str):
        self.audience = audience
        self.stream, self.head = "", 0
        self.texts: deque[str] = deque()
        self.size = 0
        self.news = asyncio.Event()

    def start_anew(self, stream: str, head: int) -> None:
        """Go on with another stream, or with the same one from a later message on."""
        self.stream, self.head = stream, head
        self.texts.clear()
        self.size = 0
        self.wake()

    def extend(self, texts: list[str]) -> None:
        """Add the next messages, as they are in the journal."""
        for text in texts:
            self.head += 1
            self.texts.append(messages.numbered(text, self.stream, self.head))
            self.size += len(self.texts[-1])
        while self.size > MOST_CHARACTERS and len(self.texts) > 1:
            self.size -= len(self.texts.popleft())
        self.wake()

    def wake(self) -> None:
        """Wake everybody who waits for news at this moment."""
        self.news.set()
        self.news.clear()

    def text(self, number: int) -> str | None:
        """Return the message with this number; None if it is not here (any more)."""
        index = number - (self.head - len(self.texts)) - 1
        return self.texts[index] if 0 <= index < len(self.texts) else None
