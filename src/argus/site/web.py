"""The web server of the embedded default."""

import uvicorn

from .protocol import BoundedProtocol


def build_server(host: str, port: int) -> uvicorn.Server:
    """Return a server for everything that Argus serves; ``run()`` blocks until SIGINT or SIGTERM.

    Requests that are under way then get ten seconds to finish.
    """
    return uvicorn.Server(
        uvicorn.Config(
            "argus.site.asgi:application",
            host=host,
            port=port,
            http=BoundedProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
