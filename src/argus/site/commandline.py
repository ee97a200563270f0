"""The command line: choose the settings module, then run Django's management command."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from .startup import explain


def main(here: Path | None = None) -> None:
    """Run the management command in ``sys.argv``.

    The settings module is ``DJANGO_SETTINGS_MODULE``, else a ``localsettings.py`` in ``here`` (the folder of
    ``manage.py``), else the development settings. Invalid settings end the process with one line for each.
    """
    if here is not None and (here / "localsettings.py").exists():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localsettings")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.dev")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, ModuleNotFoundError) as error:
        sys.exit("\n".join(f"argus: {line}" for line in explain(error)))
    except KeyboardInterrupt:
        sys.exit(130)
