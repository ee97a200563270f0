"""Production: what is switched on and has no safe default must be set in the environment."""

from environs import validate

from .base import *  # noqa: F403
from .base import ARGUS_DATAPORTEN_KEY, ARGUS_FRONTEND_URL, ARGUS_OIDC_KEY
from .env import NOT_NEGATIVE, PORT, env, parse_https_url
from .static import STATIC_ROOT, STORAGES  # noqa: F401

SECRET_KEY = env.str("SECRET_KEY", validate=validate.Length(min=32))
DATABASES = {"default": env.database_url("DATABASE_URL")}

ARGUS_SEND_NOTIFICATIONS = env.bool("ARGUS_SEND_NOTIFICATIONS", True)

if ARGUS_SEND_NOTIFICATIONS:
    env.require("EMAIL_HOST", "DEFAULT_FROM_EMAIL")
# After a login at a provider, a frontend on another host finds its token in a cookie of this domain.
if ARGUS_FRONTEND_URL and (ARGUS_DATAPORTEN_KEY or ARGUS_OIDC_KEY):
    env.require("ARGUS_COOKIE_DOMAIN")
env.str("ARGUS_OIDC_ENDPOINT", "", validate=parse_https_url)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 587, validate=PORT)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Switch the redirect off where a proxy redirects to HTTPS.
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 3600, validate=NOT_NEGATIVE)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True

env.report()
