"""Sphinx configuration, used by ``make docs``."""

import os
import sys
from pathlib import Path

import django

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]
os.environ["DJANGO_SETTINGS_MODULE"] = "argus.site.settings.test"
django.setup()

from er_diagram import write_diagram  # noqa: E402  (needs Django's apps)

write_diagram(HERE / "_build" / "er_model.svg")

project = "Argus"
author = "The Argus developers"
html_title = "Argus"
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "adr/template.md"]
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
