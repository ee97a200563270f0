"""Start of web servers: the WSGI application, or the end of the process with the reason in plain lines."""

import gc
import logging
import os
import sys
from functools import cache
from typing import Any, NoReturn

from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .settings.env import SettingsError

log = logging.getLogger(__name__)

# gunicorn stops at this status of a worker. After any other one it would start another worker, without end.
APP_LOAD_ERROR = 4


def start() -> WSGIHandler:
    """Return Django's WSGI application; end the process if the settings are invalid."""
    connection_created.connect(limit_queries, dispatch_uid="limit_queries")
    try:
        application = get_wsgi_application()
        lines = failed_checks()
    except (ImproperlyConfigured, ModuleNotFoundError) as error:
        lines = explain(error)
    else:
        if not lines:
            # Modules stay until the end. Without this, each full garbage collection would stop all threads for 0.1 s.
            gc.collect()
            gc.freeze()
            return application
    refuse(lines)


def read_settings() -> None:
    """Read the settings; end the process if they are invalid."""
    os.environ.setdefault(ENVIRONMENT_VARIABLE, "argus.site.settings.prod")
    try:
        settings.DEBUG  # noqa: B018  (the first access reads them)
    except (ImproperlyConfigured, ModuleNotFoundError) as error:
        refuse(explain(error))


def refuse(lines: list[str]) -> NoReturn:
    """Print why the server does not start, and end the process."""
    for line in lines:
        print(f"argus: {line}", file=sys.stderr, flush=True)
    sys.exit(APP_LOAD_ERROR)


@cache
def failed_checks() -> list[str]:
    """Run the system checks, once per process. Return a line for each error, and log the warnings."""
    found = run_checks()
    for one in found:
        if not one.is_serious():
            log.warning("%s (%s)", one.msg, one.id)
    return [f"{one.msg} ({one.id})" for one in found if one.is_serious()]


def limit_queries(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Limit the time of each query of web requests, on PostgreSQL; a query that takes longer ends with 503.

    Management commands, such as migrations, have no limit.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [settings.ARGUS_STATEMENT_TIMEOUT])


def explain(error: Exception) -> list[str]:
    """Return what is wrong with the settings, one problem a line. Raise errors that are not about settings."""
    if isinstance(error, SettingsError):
        return error.lines
    if isinstance(error, ModuleNotFoundError):
        module = os.environ.get(ENVIRONMENT_VARIABLE, "")
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise error
        return [f"{ENVIRONMENT_VARIABLE}: The module {module!r} cannot be imported."]
    return [" ".join(str(error).split())]
