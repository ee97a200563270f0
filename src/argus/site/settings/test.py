"""The test suite: SQLite, or the database of DATABASE_URL; fast password hashing; mail kept in memory.

The time zone has an offset and daylight saving time, so that a test notices a time that was taken for UTC.
"""

from .base import *  # noqa: F403
from .env import channel_layer, env

SECRET_KEY = "only-for-tests"
TIME_ZONE = "Europe/Oslo"
DATABASES = {"default": env.database_url("DATABASE_URL", "sqlite://:memory:")}
# Tests that need Redis set it.
ARGUS_REDIS_URL = ""
CHANNEL_LAYERS = {"default": channel_layer("")}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True

env.report()
