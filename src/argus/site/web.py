"""The web server: uvicorn, in one process or in several that share a port."""

import uvicorn

from .protocol import BoundedProtocol, BoundedWebSocket
from .supervisor import Supervisor

WEBSOCKETS = {
    "ws": BoundedWebSocket,
    # Clients say little. What they are told is the same for all, and would be compressed for each of them.
    "ws_max_size": 64 * 1024,
    "ws_per_message_deflate": False,
    # Who does not answer for so long (seconds) is gone.
    "ws_ping_interval": 20,
    "ws_ping_timeout": 20,
}


def build_server(host: str, port: int, *, processes: int = 1) -> uvicorn.Server | Supervisor:
    """Return a server for everything that Argus serves; ``run()`` blocks until SIGINT or SIGTERM.

    Requests that are under way then get ten seconds to finish. A process that dies is replaced at once, if there
    are several.
    """
    config = uvicorn.Config(
        "argus.site.asgi:application",
        host=host,
        port=port,
        workers=processes,
        http=BoundedProtocol,
        **WEBSOCKETS,
        # Which proxies are believed is a setting; uvicorn would believe all that are on this machine.
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        # How long a process may be too busy to say that it lives.
        timeout_worker_healthcheck=30,
    )
    return uvicorn.Server(config) if processes == 1 else Supervisor(config, [config.bind_socket()])
