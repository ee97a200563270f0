"""The settings of production, plus the baseline views and a query counter."""

from argus.site.settings.base import *  # noqa: F403
from argus.site.settings.base import INSTALLED_APPS, MIDDLEWARE
from argus.site.settings.env import PORT, env

SECRET_KEY = "only-for-benchmarks"
DATABASES = {"default": env.database_url("DATABASE_URL")}
# Mail goes to the server that the benchmark names; without one it is dropped.
EMAIL_HOST, EMAIL_PORT = env.str("EMAIL_HOST", ""), env.int("EMAIL_PORT", 25, validate=PORT)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.bare"]
MIDDLEWARE = ["benchmarks.counting.QueryCounter", *MIDDLEWARE]
ROOT_URLCONF = "benchmarks.urls"

env.report()
