"""Production: every value without a safe default must be set in the environment."""

from environs import validate

from .base import *  # noqa: F403
from .base import ARGUS_OIDC_ENDPOINT
from .env import NOT_NEGATIVE, PORT, env, parse_https_url
from .static import STATIC_ROOT, STORAGES  # noqa: F401

SECRET_KEY = env.str("SECRET_KEY", validate=validate.Length(min=32))
DATABASES = {"default": env.database_url("DATABASE_URL")}

ARGUS_SEND_NOTIFICATIONS = env.bool("ARGUS_SEND_NOTIFICATIONS", True)

env.require("ARGUS_FRONTEND_URL", "ARGUS_COOKIE_DOMAIN", "DEFAULT_FROM_EMAIL")
# Users log in at Dataporten, or at the provider of ARGUS_OIDC_ENDPOINT.
if ARGUS_OIDC_ENDPOINT == "":
    env.require("ARGUS_DATAPORTEN_KEY", "ARGUS_DATAPORTEN_SECRET")
env.str("ARGUS_OIDC_ENDPOINT", "", validate=parse_https_url)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST")
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
