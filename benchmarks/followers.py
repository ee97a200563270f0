"""Many websocket clients in one process: ``python -m benchmarks.followers PORT TOKEN NUMBER``.

The clients subscribe, and a line is printed. They record when each message arrives, until a line is read. Then the
result is printed as JSON: the times of arrival of each message, and how many numbers were missing. Frames are parsed
by hand, because the clients share the processor with the server.
"""

import asyncio
import json
import sys
from array import array
from base64 import b64encode
from os import urandom
from time import monotonic

import uvloop

SUBSCRIBE = b'{"action": "subscribe", "since": null}'
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Follower(asyncio.Protocol):
    """One client. ``arrivals`` are the times at which its messages arrived, in their order."""

    def __init__(self, head: bytes, subscribed: asyncio.Future, names: dict[int, str] | None):
        self.head, self.subscribed, self.names = head, subscribed, names
        self.buffer = bytearray()
        self.arrivals = array("d")
        self.is_open = False
        self.last = self.gaps = 0

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.head)

    def connection_lost(self, error):
        if not self.subscribed.done():
            self.subscribed.set_exception(error or ConnectionError("closed"))

    def data_received(self, data):
        self.buffer += data
        if not self.is_open:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:20]:
                self.subscribed.set_exception(ConnectionError(self.buffer[:100].decode()))
                return
            del self.buffer[: end + 4]
            self.is_open = True
            self.send(TEXT, SUBSCRIBE)
        while self.take_frame():
            pass

    def send(self, opcode: int, content: bytes) -> None:
        """Send a short frame. A mask of zeros leaves its content as it is."""
        self.transport.write(bytes([0x80 | opcode, 0x80 | len(content), 0, 0, 0, 0]) + content)

    def take_frame(self) -> bool:
        """Take the next frame from the buffer if it is complete."""
        buffer, start = self.buffer, 2
        if len(buffer) < start:
            return False
        length = buffer[1]
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(buffer[2:start], "big")
        end = start + length
        if len(buffer) < end:
            return False
        opcode, content = buffer[0] & 0x0F, bytes(buffer[start:end])
        del buffer[:end]
        if opcode == PING:
            self.send(PONG, content)
        elif opcode == TEXT:
            self.take_message(content)
        return True

    def take_message(self, content: bytes) -> None:
        """Record the time and the number, which is at the end of each message."""
        number = int(content[content.rindex(b":") + 1 : -1])
        if not self.subscribed.done():
            self.subscribed.set_result(None)
        else:
            self.arrivals.append(monotonic())
            self.gaps += number - self.last - 1
            if self.names is not None:
                self.names[number] = json.loads(content)["payload"]["source_incident_id"]
        self.last = number


async def follow(port: int, token: str, number: int) -> None:
    """Subscribe until a line is read, then print the result; at the end of the input, print nothing."""
    loop = asyncio.get_running_loop()
    names: dict[int, str] = {}
    followers = []
    for index in range(number):
        key = b64encode(urandom(16)).decode()
        lines = [
            "GET /ws/open/ HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Authorization: Token {token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        head, subscribed = "\r\n".join([*lines, "", ""]).encode(), loop.create_future()
        follower = Follower(head, subscribed, None if index else names)
        await loop.create_connection(lambda follower=follower: follower, "127.0.0.1", port)
        await subscribed
        followers.append(follower)
    print("ready", flush=True)
    if not await loop.run_in_executor(None, sys.stdin.readline):
        return
    gaps = sum(follower.gaps for follower in followers)
    numbers = sorted(names)
    arrivals = [list(follower.arrivals) for follower in followers]
    print(json.dumps({"names": [names[one] for one in numbers], "arrivals": arrivals, "gaps": gaps}), flush=True)


if __name__ == "__main__":
    uvloop.run(follow(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
