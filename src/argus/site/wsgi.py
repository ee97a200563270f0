"""The WSGI application: REST and admin."""

import os

from argus.http.body_limit import read_body_first

from .startup import start
from .statement_timeout import limit_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.prod")

limit_queries()
application = read_body_first(start())
