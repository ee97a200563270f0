"""For the test suite: SQLite, or the database that DATABASE_URL names; quick passwords; mail kept in memory."""

from .base import *  # noqa: F403
from .env import channel_layer, env_database

SECRET_KEY = "only-for-tests"
DATABASES = {"default": env_database("DATABASE_URL", "sqlite://:memory:")}
# Tests that want a Redis say so.
ARGUS_REDIS_URL = ""
CHANNEL_LAYERS = {"default": channel_layer("")}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = True
