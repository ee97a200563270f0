"""The WSGI application: REST and admin."""

import os

from argus.drf.wsgi import measured

from .start import start
from .timeouts import limit_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.prod")

limit_queries()
application = measured(start())
