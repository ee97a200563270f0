"""What every installation shares, as production runs it, plus the yardstick and a counter of queries."""

from argus.site.settings.base import *  # noqa: F403
from argus.site.settings.base import INSTALLED_APPS, MIDDLEWARE
from argus.site.settings.env import env_database

SECRET_KEY = "only-for-benchmarks"
DATABASES = {"default": env_database("DATABASE_URL")}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.bare"]
MIDDLEWARE = ["benchmarks.counting.QueryCounter", *MIDDLEWARE]
ROOT_URLCONF = "benchmarks.urls"
