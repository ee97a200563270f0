"""The embedded default: nothing needs to be set, everything lives below ``var/``."""

from .base import *  # noqa: F403
from .base import VAR_DIR
from .env import env_bool, env_database, env_port, env_str
from .secret_key import kept_secret

SECRET_KEY = env_str("SECRET_KEY", "") or kept_secret(VAR_DIR / "secret_key")
DATABASES = {"default": env_database("DATABASE_URL", f"sqlite:///{(VAR_DIR / 'argus.sqlite3').absolute()}")}

# A host set by hand means plain SMTP to it (say, a debugging server on localhost:1025); none means the console.
EMAIL_HOST = env_str("EMAIL_HOST", "")
EMAIL_PORT = env_port("EMAIL_PORT", 25)
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"

# Static files straight from the packages: no collectstatic needed.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = env_str("STATIC_ROOT", "") or None

ARGUS_LOCAL_ORIGINS = True
