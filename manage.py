#!/usr/bin/env python
"""Run Argus' management commands from a checkout: ``python manage.py help``."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "src"))

from argus.site.commandline import main  # noqa: E402  (needs the path above)

if __name__ == "__main__":
    main(here=HERE)
