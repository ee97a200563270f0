"""What every installation shares, as production runs it, plus the baseline and a counter of queries."""

from argus.site.settings.base import *  # noqa: F403
from argus.site.settings.base import INSTALLED_APPS, MIDDLEWARE
from argus.site.settings.env import env_database, env_int, env_str

SECRET_KEY = "only-for-benchmarks"
DATABASES = {"default": env_database("DATABASE_URL")}
# Mails go to whom the benchmark names, or to nobody.
EMAIL_HOST, EMAIL_PORT = env_str("EMAIL_HOST", ""), env_int("EMAIL_PORT", 25)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.bare"]
MIDDLEWARE = ["benchmarks.counting.QueryCounter", *MIDDLEWARE]
ROOT_URLCONF = "benchmarks.urls"
