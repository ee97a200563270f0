"""The journal in Redis or Valkey, which all processes share: the same numbers for all, wherever they are connected."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import redis
import redis.asyncio
import redis.asyncio.retry
import redis.retry
from channels.layers import get_channel_layer
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from . import scripts
from .audiences import AUDIENCES
from .journal import MOST_BYTES, MOST_ENTRIES, PORTION, PORTION_BYTES, JournalUnreachable, Portion, Push, Ticket

PREFIX = "{argus.live}"
LOGS = [f"{PREFIX}:log:{audience}" for audience in AUDIENCES]
KEYS = [f"{PREFIX}:state", f"{PREFIX}:tickets", *LOGS, f"{PREFIX}:followed"]
MOST_TICKETS = 20_000
# How long (seconds) changes are still written down when the last one who followed has gone.
FOLLOWED_FOR = 900
# A connection that was kept may have died meanwhile, so once more at once; what else there is, is for callers to do.
PATIENCE = {"socket_timeout": 2, "socket_connect_timeout": 2}
RETRIES = 1


def connect(library, url: str):
    """Return a client of the library (``redis`` or ``redis.asyncio``) whose commands take seconds at most."""
    retry = library.retry.Retry(NoBackoff(), RETRIES)
    return library.Redis.from_url(url, decode_responses=True, retry=retry, **PATIENCE)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Whatever is wrong with Redis, the journal cannot be reached."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise JournalUnreachable(f"{type(error).__name__}: {error}") from error


class RedisJournal:
    """The writing side, for the publisher's thread. ``group`` is whom the channel layer calls when there is news."""

    has_readers = True

    def __init__(self, url: str, *, group: str, call: dict):
        self.url, self.group, self.call = url, group, call
        self.client = connect(redis, url)

    def run(self, script: str, *arguments):
        with translated_errors():
            return self.client.register_script(script)(keys=KEYS, args=[new_epoch(), *arguments])

    def take_ticket(self) -> Ticket | None:
        """Take a ticket before reading what is to be told; there is none if nobody is to be told.

        Whoever begins to follow after that reads a list that has the change: it is committed already.
        """
        ticket = self.run(scripts.TAKE_TICKET)
        return Ticket(*ticket) if ticket else None

    def append(self, pushes: Iterable[Push], ticket: Ticket) -> set[int]:
        """Write down messages in their order, and call all processes.

        Returns the incidents of which nothing was written, because others may know more of them: read those again.
        """
        messages = [part for push in pushes for part in (push.incident, int(push.is_for_staff_only), push.text)]
        limits = MOST_ENTRIES, MOST_BYTES, MOST_TICKETS
        return {int(pk) for pk in self.run(scripts.APPEND, *ticket, *self.wake_up_call(), *limits, *messages)}

    def start_anew(self) -> None:
        """Forget everything, so that all who follow have to reload."""
        self.run(scripts.START_ANEW, *self.wake_up_call())

    def wake_up_call(self) -> tuple[str, bytes]:
        """Return the Redis channel of the group in the channel layer, and the call as the layer would write it."""
        layer = get_channel_layer()
        return f"{layer_prefix()}__group__{self.group}", layer.serialize(self.call)

    def reader(self) -> "RedisReader":
        """Return a reader for the event loop that is running."""
        return RedisReader(self.url)


class RedisReader:
    """The reading side, for one event loop. It reads for somebody who follows."""

    def __init__(self, url: str):
        self.client = connect(redis.asyncio, url)
        self.script = self.client.register_script(scripts.READ)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def read(self, audience: str, stream: str, after: int) -> Portion:
        """Return some messages of the audience after a number in a stream; of another stream there are none."""
        epoch, _, of = stream.partition(".")
        log = KEYS.index(f"{PREFIX}:log:{audience}") + 1
        with translated_errors():
            known = epoch if of == audience else ""
            arguments = [new_epoch(), log, known, after, PORTION, PORTION_BYTES, FOLLOWED_FOR]
            epoch, head, *texts = await self.script(keys=KEYS, args=arguments)
        return Portion(f"{epoch}.{audience}", head, texts[0] if texts else None)


def new_epoch() -> str:
    return secrets.token_hex(8)


def layer_prefix() -> str:
    """Return what the channel layer puts before all of its names."""
    return settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
