"""A real mail server that keeps accepted mails and fails on request.

    with running_sink() as sink:
        sink.answer("bob@example.org", "450 4.2.1 Mailbox busy", times=2)     # then it is accepted
        sink.answer("eve@example.org", "550 5.1.1 No such user")
        sink.hang("mallory@example.org", at=END)                              # says nothing after the final dot
        sink.drop(at=DATA, times=1)                                           # any address, once
        sink.stop(); sink.start()                                             # refuses connections in between
        assert sink.wait_for(2)[0].message["Subject"] == "..."

It runs in its own thread, always on the same port. Every method may be called from any thread.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult

from tests.servers import find_free_port

# Points of the conversation: instead of the greeting, after the sender, after a recipient, instead of accepting DATA,
# after the final dot.
CONNECT, MAIL, RCPT, DATA, END = "connect", "mail", "rcpt", "data", "end"
ANY_ADDRESS = "*"
HANG, DROP = "hang", "drop"
HOST = "127.0.0.1"

# At INFO it logs every line of the conversation.
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Received:
    """An accepted mail, with its envelope and the monotonic time."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"]).strip()

    @property
    def id(self) -> str:
        return self.message["Message-ID"]


@dataclass
class Rule:
    """The action for an address at one point of the conversation, and how often: HANG, DROP, or an answer."""

    address: str
    at: str
    action: str
    left: float


class Sink:
    """The server. ``messages`` and ``connections`` go on counting over stop and start."""

    def __init__(self):
        self.port = find_free_port()
        self.connections = 0
        # Of new connections: a user and password to demand, the largest mail to announce.
        self.credentials: tuple[str, str] | None = None
        self.size_limit: int | None = None
        # After this number of mails, a connection gets 421 for the next one.
        self.mails_per_connection: int | None = None
        self._messages: list[Received] = []
        self._rules: list[Rule] = []
        self._changed = threading.Condition()
        self._open: set[Conversation] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        # A client that disconnects during an answer is not an error.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Listen; on the same port as before."""
        self._do(self._start)

    def stop(self) -> None:
        """Refuse new connections, and close the open ones."""
        self._do(self._stop)

    def hang_up(self, goodbye: bytes = b"") -> None:
        """Close the open connections after a last answer, and keep listening."""
        self._do(lambda: self._hang_up(goodbye))

    def close(self) -> None:
        """Stop, and end the thread."""
        self._do(self._stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def answer(
        self, address: str = ANY_ADDRESS, answer: str = "250 OK", *, at: str = RCPT, times: float = float("inf")
    ):
        """Answer mail to this address with a code and text, ``times`` times; then accept it."""
        with self._changed:
            self._rules.append(Rule(address.lower(), at, answer, times))

    def hang(self, address: str = ANY_ADDRESS, *, at: str = RCPT, times: float = float("inf")) -> None:
        """Stop answering, but keep the connection open."""
        self.answer(address, HANG, at=at, times=times)

    def drop(self, address: str = ANY_ADDRESS, *, at: str = DATA, times: float = float("inf")) -> None:
        """Close the connection without an answer."""
        self.answer(address, DROP, at=at, times=times)

    def accept(self) -> None:
        """Accept everything again. Connections that hang already keep hanging."""
        with self._changed:
            self._rules.clear()

    @property
    def messages(self) -> list[Received]:
        """The accepted mails, oldest first."""
        with self._changed:
            return list(self._messages)

    def sent_to(self, address: str) -> list[Received]:
        return [received for received in self.messages if address in received.recipients]

    def wait_for(self, number: int, seconds: float = 10) -> list[Received]:
        """Return all messages once there are ``number``. Raises ``TimeoutError``."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._messages) >= number, seconds):
                raise TimeoutError(f"{len(self._messages)} messages after {seconds} s, not {number}")
            return list(self._messages)

    def keep(self, received: Received) -> None:
        with self._changed:
            self._messages.append(received)
            self._changed.notify_all()

    def action_for(self, addresses: list[str], at: str) -> str:
        """Return the action of the first matching rule, or an empty string to accept."""
        wanted = {ANY_ADDRESS, *(address.lower() for address in addresses)}
        with self._changed:
            for rule in self._rules:
                if rule.at == at and rule.left > 0 and rule.address in wanted:
                    rule.left -= 1
                    return rule.action
        return ""

    def entered(self, conversation: "Conversation") -> None:
        with self._changed:
            self.connections += 1
        self._open.add(conversation)

    def left(self, conversation: "Conversation") -> None:
        self._open.discard(conversation)

    def _do(self, action: Callable) -> None:
        async def run():
            if asyncio.iscoroutine(result := action()):
                await result

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _start(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(lambda: Conversation(self), HOST, self.port)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._hang_up(b"")
        # Let the tasks of closed connections end.
        await asyncio.sleep(0.01)

    def _hang_up(self, goodbye: bytes) -> None:
        for conversation in list(self._open):
            conversation.hang_up(goodbye)


class Conversation(SMTP):
    """The connection of a client."""

    def __init__(self, sink: Sink):
        self.sink = sink
        self.mails = 0
        super().__init__(
            Postmaster(),
            hostname="sink",
            loop=sink._loop,
            data_size_limit=sink.size_limit or 33_554_432,
            authenticator=self.check_password,
            auth_require_tls=False,
        )
        # As a constructor argument it would cause a warning about passwords without TLS.
        self._auth_required = sink.credentials is not None

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        self.sink.entered(self)

    def connection_lost(self, error) -> None:
        super().connection_lost(error)
        self.sink.left(self)

    def hang_up(self, goodbye: bytes) -> None:
        if self.transport is not None and goodbye:
            self.transport.write(goodbye + b"\r\n")
            self.transport.close()
        elif self.transport is not None:
            self.transport.abort()

    def check_password(self, server, session, envelope, mechanism, login) -> AuthResult:
        given = (login.login.decode(), login.password.decode())
        return AuthResult(success=given == self.sink.credentials, handled=False)

    async def misbehave(self, addresses: list[str], at: str) -> str:
        """Return the answer to give instead of accepting, if any. Does not return after HANG and DROP."""
        action = self.sink.action_for(addresses, at)
        if action in {HANG, DROP}:
            await self.carry_out(action)
        return action

    async def carry_out(self, action: str) -> None:
        """Hang or drop. Does not return: the task is cancelled when the connection is lost."""
        if action == DROP:
            self.transport.abort()
        await asyncio.Event().wait()

    async def _handle_client(self) -> None:
        answer = await self.misbehave([], CONNECT)
        if not answer:
            await super()._handle_client()
            return
        await self.push(answer)
        self.transport.close()

    async def smtp_MAIL(self, arg) -> None:
        answer = await self.misbehave([], MAIL)
        if self.mails == self.sink.mails_per_connection:
            answer = "421 4.7.0 Too many mails for one connection"
        if answer:
            await self.push(answer)
        else:
            self.mails += 1
            await super().smtp_MAIL(arg)
        if answer.startswith("421"):
            self.transport.close()

    async def smtp_DATA(self, arg) -> None:
        """Accept the mail, drop or hang during it, or answer instead of asking for it."""
        recipients = self.envelope.rcpt_tos
        action = self.sink.action_for(recipients, DATA) if recipients else ""
        if not action:
            await super().smtp_DATA(arg)
        elif action in {HANG, DROP}:
            await self.push("354 Go on")
            await self.carry_out(action)
        else:
            await self.push(action)


class Postmaster:
    """The handler of aiosmtpd: decides about recipients and mails."""

    async def handle_RCPT(self, server: Conversation, session, envelope, address, options) -> str:
        answer = await server.misbehave([address], RCPT)
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Conversation, session, envelope) -> str:
        answer = await server.misbehave(envelope.rcpt_tos, END)
        if not answer:
            server.sink.keep(Received(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content))
        return answer or "250 Taken"


@contextlib.contextmanager
def running_sink() -> Iterator[Sink]:
    """A listening sink, closed at the end of the block."""
    sink = Sink()
    try:
        sink.start()
        yield sink
    finally:
        sink.close()
