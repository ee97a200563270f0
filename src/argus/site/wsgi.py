"""The WSGI application: REST and admin."""

import os

from django.core.wsgi import get_wsgi_application

from argus.drf.wsgi import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.prod")

application = measured(get_wsgi_application())
