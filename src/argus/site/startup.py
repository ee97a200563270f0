"""How web servers get the application: ready to serve, or not at all and for a reason that fits on one line."""

import gc
import os
import sys

from django.conf import ENVIRONMENT_VARIABLE
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

# gunicorn tries again after any other status of a worker, for ever.
HOPELESS = 4


def start():
    """Return Django's WSGI application; end the process if the settings are not right."""
    try:
        application = get_wsgi_application()
        errors = [found for found in run_checks() if found.is_serious()]
    except (ImproperlyConfigured, ModuleNotFoundError) as error:
        reason = explain(error)
    else:
        if not errors:
            # What is here by now stays for good. Looking through it again and again, the collector would stop every
            # thread for a tenth of a second and more.
            gc.collect()
            gc.freeze()
            return application
        reason = f"{errors[0].msg} ({errors[0].id})"
    print(f"argus: {reason}", file=sys.stderr, flush=True)
    sys.exit(HOPELESS)


def explain(error: Exception) -> str:
    """Say in one line which setting it is about. What is not about a setting goes on as it is."""
    module = os.environ.get(ENVIRONMENT_VARIABLE, "")
    if isinstance(error, ModuleNotFoundError):
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise error
        return f"{ENVIRONMENT_VARIABLE} names {module!r}, which cannot be imported"
    return " ".join(str(error).split())
