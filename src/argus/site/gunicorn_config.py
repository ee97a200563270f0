"""Settings of gunicorn for REST and the admin: ``gunicorn --config python:argus.site.gunicorn_config``.

Options on the command line, ``GUNICORN_CMD_ARGS`` and ``WEB_CONCURRENCY`` (the number of workers) override them. All
settings: https://docs.gunicorn.org/en/stable/settings.html
"""

import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any

wsgi_app = "argus.site.wsgi"
# Threads keep their database connections between requests.
worker_class = "argus.site.gunicorn_worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 4
# Seconds for requests to finish after SIGTERM, and when workers are replaced after SIGHUP.
graceful_timeout = 10
# As long as the longest header that nginx passes on by default.
limit_request_line = 8190
# ARGUS_BEHIND_TLS_PROXY and ARGUS_TRUSTED_PROXIES say which headers of a proxy are trusted.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# Not used: signals and systemd do the same.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Refuse invalid settings. Let all workers count in one folder, so that each can answer /metrics for all."""
    refuse_invalid_settings()
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = server.metrics_folder = tempfile.mkdtemp(prefix="argus-metrics-")


def refuse_invalid_settings() -> None:
    """End the server if the settings are invalid, before any worker starts.

    When two workers end because of them, gunicorn prints a traceback. A process of its own reads the settings: modules
    that gunicorn's main process has imported would not be replaced by a reload after an upgrade.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", "from argus.site.startup import read_settings; read_settings()"]
    if status := subprocess.run(command, env=environment, check=False).returncode:
        sys.exit(status)


def child_exit(server: Any, worker: Any) -> None:
    """Drop the gauges of a worker that has ended; its counters stay."""
    # Not at the top: prometheus_client reads PROMETHEUS_MULTIPROC_DIR when it is imported.
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Remove the folder of the metrics."""
    if hasattr(server, "metrics_folder"):
        shutil.rmtree(server.metrics_folder, ignore_errors=True)
