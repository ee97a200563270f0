"""The WSGI application: REST and admin."""

import os

from django.core.wsgi import get_wsgi_application

from argus.drf.wsgi import measured

from .timeouts import limit_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.prod")

limit_queries()
application = measured(get_wsgi_application())
