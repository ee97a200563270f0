"""``manage.py test``: hands over to pytest, with whatever arguments follow."""

import subprocess
import sys

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run the test suite by pytest; all arguments are pytest's."

    def run_from_argv(self, argv):
        sys.exit(subprocess.call([sys.executable, "-m", "pytest", "--ds=argus.site.settings.test", *argv[2:]]))
