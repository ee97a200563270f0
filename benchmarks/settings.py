"""The settings of production, plus the baseline views and a query counter."""

from argus.site.settings.base import *  # noqa: F403
from argus.site.settings.base import INSTALLED_APPS, MIDDLEWARE
from argus.site.settings.env import env_database, env_int, env_str

SECRET_KEY = "only-for-benchmarks"
DATABASES = {"default": env_database("DATABASE_URL")}
# Mail goes to the server that the benchmark names; without one it is dropped.
EMAIL_HOST, EMAIL_PORT = env_str("EMAIL_HOST", ""), env_int("EMAIL_PORT", 25)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.bare"]
MIDDLEWARE = ["benchmarks.counting.QueryCounter", *MIDDLEWARE]
ROOT_URLCONF = "benchmarks.urls"
