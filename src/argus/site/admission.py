"""Who may come in when many want to: callers take turns, so that one who floods waits behind itself alone.

Decided in the event loop, before a thread is given to the request: turning somebody away costs next to nothing.
Callers are told apart by their token, else by their session or address. Each process decides for itself.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from time import monotonic

from . import door
from .door import Refusal

# For how long somebody counts as a caller after a request (seconds), and of how many this is remembered.
REMEMBERED, MOST_REMEMBERED = 10.0, 10_000
# How many requests of one caller may wait, and how long any may.
MOST_WAITING, LONGEST_WAIT = 200, 10.0
# For how long (seconds) a caller who has a queue lets those finish who came in beside its last request.
PATIENCE = 0.05
# How much of the rate may be used up at once, in seconds' worth.
BURST = 10
# A refusal comes after this many seconds at most: who asks again at once is slowed down, and costs nothing meanwhile.
SLOWEST_REFUSAL = 1.0


class Refused(Exception):
    """The request is not let in; ``retry_after`` is in whole seconds."""

    def __init__(self, status: int, reason: str, detail: str, retry_after: float):
        super().__init__(detail)
        self.status, self.reason, self.detail, self.retry_after = status, reason, detail, max(1, ceil(retry_after))


@dataclass
class Allowance:
    """What a caller may still ask for at once, and as of when."""

    left: float
    time: float

    def take(self, rate: float, now: float) -> float:
        """Take one, and return 0; or return how long it is until there is one."""
        self.left, self.time = min(self.left + (now - self.time) * rate, rate * BURST), now
        if self.left < 1:
            return (1 - self.left) / rate
        self.left -= 1
        return 0.0


class Admission:
    """So many ``places`` for requests, and so many requests a second for each token (``rate``; 0 is any number)."""

    def __init__(self, *, places: int, rate: float):
        self.places, self.rate = places, rate
        self.inside: Counter[bytes] = Counter()
        self.waiting: OrderedDict[bytes, deque[asyncio.Future]] = OrderedDict()
        self.ahead: dict[bytes, set[bytes]] = {}
        self.seen: OrderedDict[bytes, float] = OrderedDict()
        self.allowances: OrderedDict[bytes, Allowance] = OrderedDict()

    @asynccontextmanager
    async def place_for(self, scope):
        """A block in which the request has a place. Raises ``Refused``."""
        caller, has_token = caller_of(scope)
        if has_token and self.rate:
            self.check_rate(caller)
        self.note(caller)
        await self.enter(caller)
        try:
            yield
        finally:
            self.leave(caller)

    def check_rate(self, caller: bytes) -> None:
        """Take from the caller's allowance, or refuse."""
        now = monotonic()
        allowance = self.allowances.setdefault(caller, Allowance(self.rate * BURST, now))
        self.allowances.move_to_end(caller)
        if len(self.allowances) > MOST_REMEMBERED:
            self.allowances.popitem(last=False)
        if wait := allowance.take(self.rate, now):
            detail = f"This token may ask {self.rate} times a second. Try again later."
            raise Refused(429, "rate", detail, wait)

    def note(self, caller: bytes) -> None:
        """Remember that there is this caller, and forget those who have been away."""
        now = monotonic()
        self.seen[caller] = now
        self.seen.move_to_end(caller)
        while len(self.seen) > MOST_REMEMBERED or next(iter(self.seen.values())) < now - REMEMBERED:
            self.seen.popitem(last=False)

    @property
    def share(self) -> int:
        """How many places one caller may have: all, as long as there is no other; few enough to leave others quick."""
        return self.places if len(self.seen) < 2 else max(1, self.places // 8)

    async def enter(self, caller: bytes) -> None:
        """Take a place, perhaps after a wait."""
        if self.inside.total() < self.places and self.inside[caller] < self.share and caller not in self.waiting:
            self.inside[caller] += 1
            return
        queue = self.waiting.setdefault(caller, deque())
        if len(queue) >= MOST_WAITING:
            raise Refused(429, "queue", f"{MOST_WAITING} requests of yours are waiting already.", 1)
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await turn
        except TimeoutError:
            self.give_up(caller, turn)
            raise Refused(503, "busy", "The server is busy. Nothing was changed; try again.", 5) from None
        except asyncio.CancelledError:
            self.give_up(caller, turn)
            raise

    def give_up(self, caller: bytes, turn: asyncio.Future) -> None:
        """Leave the queue; or, if the turn came just now, the place."""
        if not turn.cancelled():
            self.leave(caller)
        elif turn in self.waiting.get(caller, ()):
            self.waiting[caller].remove(turn)
            self.forget_empty_queue(caller)

    def leave(self, caller: bytes) -> None:
        """Give the place back, and let in those whose turn it is."""
        self.inside[caller] -= 1
        if not self.inside[caller]:
            del self.inside[caller]
        for ahead in self.ahead.values():
            ahead.discard(caller)
        if caller in self.waiting:
            self.stand_back(caller)
        self.let_in()

    def stand_back(self, caller: bytes) -> None:
        """Let those finish first who are inside and have no queue: beside another request theirs would take longer."""
        self.ahead[caller] = {other for other in self.inside if other not in self.waiting}
        if self.ahead[caller]:
            asyncio.get_running_loop().call_later(PATIENCE, self.lose_patience, self.ahead[caller])

    def lose_patience(self, ahead: set[bytes]) -> None:
        """Stand back no longer behind those who are still inside."""
        ahead.clear()
        self.let_in()

    def let_in(self) -> None:
        """Give free places to those whose turn it is."""
        while self.inside.total() < self.places and (lucky := self.next_caller()) is not None:
            turn = self.waiting[lucky].popleft()
            # One that has been cancelled will find that it is not in the queue any more.
            if not turn.cancelled():
                self.inside[lucky] += 1
                turn.set_result(None)
            self.waiting.move_to_end(lucky)
            self.forget_empty_queue(lucky)

    def forget_empty_queue(self, caller: bytes) -> None:
        if not self.waiting[caller]:
            del self.waiting[caller]
            self.ahead.pop(caller, None)

    def next_caller(self) -> bytes | None:
        """Return whose turn it is: of those who may have one more, the one who has waited longest for it."""
        share = self.share
        may_enter = (caller for caller in self.waiting if self.inside[caller] < share and not self.ahead.get(caller))
        return next(may_enter, None)


def caller_of(scope) -> tuple[bytes, bool]:
    """Return what tells the caller from others, and whether it is a token. Nothing of it can be read back."""
    cookie = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            return digest(value), True
        if name == b"cookie" and b"sessionid=" in value:
            cookie = value
    address = (scope.get("client") or ("",))[0]
    return digest(cookie or address.encode()), False


def digest(secret: bytes) -> bytes:
    return blake2b(secret, digest_size=16).digest()


async def refuse(scope, send, refused: Refused) -> None:
    """Answer somebody who was not let in, in a while."""
    if refused.status == 429:
        await asyncio.sleep(min(refused.retry_after, SLOWEST_REFUSAL))
    await door.refuse(scope, send, Refusal(refused.status, refused.reason, str(refused), refused.retry_after))
