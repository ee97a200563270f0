"""The websocket in the test's own process, on both kinds of layers."""

from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from argus.site.settings.env import channel_layer
from argus.ws.publisher import publisher
from argus.ws.setup import journal_at
from tests.ws.server import WebsocketServer


def use_redis(settings, url: str) -> None:
    """Let Argus push through the Redis at this address; without one, in memory."""
    settings.ARGUS_REDIS_URL = url
    settings.CHANNEL_LAYERS = {"default": channel_layer(url)}


@pytest.fixture
def own_url(valkey_url, worker_id):
    """A database of the shared Valkey for this process of the test run, empty."""
    number = int(worker_id.removeprefix("gw")) % 15 + 1 if worker_id != "master" else 1
    url = urlunsplit(urlsplit(valkey_url)._replace(path=f"/{number}"))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def fresh_parts():
    """A publisher and a journal that nobody has used before."""
    journal_at.cache_clear()
    yield
    publisher.close()
    publisher.reset()
    journal_at.cache_clear()


@pytest.fixture
def memory_layer(settings, fresh_parts):
    use_redis(settings, "")


@pytest.fixture
def redis_layer(settings, fresh_parts, own_url):
    use_redis(settings, own_url)


@pytest.fixture(params=["memory", "redis"])
def layer(request):
    """Each kind of layer in turn."""
    request.getfixturevalue(f"{request.param}_layer")
    return request.param


@pytest.fixture
def open_server(parallel_db):
    """Start servers; each has a hub of its own, as each process has."""
    servers = []

    def start() -> WebsocketServer:
        servers.append(WebsocketServer().start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(layer, open_server) -> WebsocketServer:
    """A server on each kind of layer."""
    return open_server()
