"""The embedded default: no variable is required, and all data is below ``var/``."""

from .base import *  # noqa: F403
from .base import VAR_DIR
from .env import PORT, env
from .secret_key import kept_secret

SECRET_KEY = env.str("SECRET_KEY", "") or kept_secret(VAR_DIR / "secret_key")
DATABASES = {"default": env.database_url("DATABASE_URL", f"sqlite:///{(VAR_DIR / 'argus.sqlite3').absolute()}")}

# A host means plain SMTP to it, such as a debugging server on localhost:1025; without one, mail goes to the console and
# into files.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 25, validate=PORT)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "argus.dev.mail.EmailBackend"

# Static files directly from the packages, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = env.str("STATIC_ROOT", "") or None

ARGUS_LOCAL_ORIGINS = True

env.report()
