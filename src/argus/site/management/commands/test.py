"""``manage.py test``: run pytest with the arguments that follow."""

import subprocess
import sys

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run the test suite with pytest. All arguments are passed to pytest."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(subprocess.call([sys.executable, "-m", "pytest", "--ds=argus.site.settings.test", *argv[2:]]))
