"""Websocket servers in the test process, with each kind of channel layer."""

from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from argus.site.settings.env import channel_layer
from argus.ws.receivers import wake_up_task
from tests.ws.server import WebsocketServer


def use_redis(settings, url: str) -> None:
    """Configure the channel layer: Redis, or in memory without a URL."""
    settings.ARGUS_REDIS_URL = url
    settings.CHANNEL_LAYERS = {"default": channel_layer(url)}


@pytest.fixture
def own_url(valkey_url, worker_id):
    """An empty database of the shared Valkey for this process of the test run."""
    number = int(worker_id.removeprefix("gw")) % 15 + 1 if worker_id != "master" else 1
    url = urlunsplit(urlsplit(valkey_url)._replace(path=f"/{number}"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def closed_wake_up_task():
    """End the wake-up thread after the test: its connections belong to the layer of the test."""
    yield
    wake_up_task.close()


@pytest.fixture
def memory_layer(settings):
    use_redis(settings, "")


@pytest.fixture
def redis_layer(settings, closed_wake_up_task, own_url):
    use_redis(settings, own_url)


@pytest.fixture
def open_server(parallel_db):
    """Return a function that starts a server, with some limits of its hub."""
    servers = []

    def start(**limits) -> WebsocketServer:
        servers.append(WebsocketServer(**limits).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(memory_layer, open_server) -> WebsocketServer:
    """A server with the channel layer in memory, as in the embedded default."""
    return open_server()
