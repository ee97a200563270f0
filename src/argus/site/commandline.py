"""The command line: picks the settings module, then hands over to Django."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from .startup import explain


def main(here: Path | None = None) -> None:
    """Run the management command in ``sys.argv``.

    Settings come from ``DJANGO_SETTINGS_MODULE``; without it from a ``localsettings.py`` in ``here`` (the folder of
    ``manage.py``), else from the development settings. A setting that is missing or makes no sense ends the process
    with one line that names it.
    """
    if here is not None and (here / "localsettings.py").exists():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "localsettings")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.dev")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, ModuleNotFoundError) as error:
        sys.exit(f"argus: {explain(error)}")
    except KeyboardInterrupt:
        sys.exit(130)
