"""The command line: choose the settings module, then run Django's management command."""

import os
import smtplib
import sys
from pathlib import Path
from traceback import extract_tb

from django import get_version
from django.conf import ENVIRONMENT_VARIABLE
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError, ProgrammingError

from . import VERSION
from .settings.env import SettingsError
from .startup import explain

# An unavailable database, and missing tables. Other errors of the database are faults of the command.
UNAVAILABLE = (OperationalError, InterfaceError, ProgrammingError)
PRODUCTION, DEVELOPMENT = "argus.site.settings.prod", "argus.site.settings.dev"
HINT = (
    f"{ENVIRONMENT_VARIABLE} is not set, so these are the production settings ({PRODUCTION}). "
    'To try Argus, run "make run" in a checkout.'
)


def main(here: Path | None = None) -> None:
    """Run the management command in ``sys.argv``.

    The settings module is ``DJANGO_SETTINGS_MODULE``, else that of the checkout ``here`` (the folder of ``manage.py``),
    else the production settings. Invalid settings end the process with one line for each, an unavailable service with
    one line.
    """
    is_chosen = ENVIRONMENT_VARIABLE in os.environ
    os.environ.setdefault(ENVIRONMENT_VARIABLE, settings_of_checkout(here) if here else PRODUCTION)
    if sys.argv[1:] in (["--version"], ["version"]):
        print(f"Argus {VERSION} (Django {get_version()})")
        return
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, ModuleNotFoundError) as error:
        lines = explain(error)
        if isinstance(error, SettingsError) and not (is_chosen or here):
            lines = [*lines, HINT]
        sys.exit("\n".join(f"argus: {line}" for line in lines))
    except (*UNAVAILABLE, OSError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"argus: {explain_service(error)}")
    except KeyboardInterrupt:
        sys.exit(130)


def settings_of_checkout(here: Path) -> str:
    """Return ``localsettings``, if there is such a module beside ``manage.py``, else the development settings."""
    return "localsettings" if (here / "localsettings.py").exists() else DEVELOPMENT


def explain_service(error: Exception) -> str:
    """Return in one line which service or file is unavailable, and what to check."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    if isinstance(error, UNAVAILABLE):
        return f'Database error: {reason}. Is the database of DATABASE_URL running, and has "migrate" been run?'
    if any(frame.filename == smtplib.__file__ for frame in extract_tb(error.__traceback__)):
        return f"Mail server error: {reason}. Are EMAIL_HOST and EMAIL_PORT correct, and is the server running?"
    return reason
