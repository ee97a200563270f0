"""The WSGI application: REST and the admin."""

import os

from argus.http.body_limit import read_body_first
from argus.http.request_head import check_head_first

from .startup import start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "argus.site.settings.prod")

application = check_head_first(read_body_first(start()))
