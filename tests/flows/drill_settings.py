"""Settings of drills: the embedded default, with media from environment variables."""

from argus.site.settings.base import DEFAULT_EMAIL_MEDIA as EMAIL
from argus.site.settings.dev import *  # noqa: F403
from argus.site.settings.env import Env

env = Env()
SECRET_KEY = "only-for-drills"
# Fast hashing: a drill tries a thousand passwords.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_EMAIL_MEDIA = env.str("DRILL_EMAIL_MEDIA", EMAIL)
DEFAULT_SMS_MEDIA = env.str("DRILL_SMS_MEDIA", "") or None
