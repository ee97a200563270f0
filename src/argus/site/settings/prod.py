"""Production: every value that has no safe default must be set in the environment."""

from .base import *  # noqa: F403
from .base import ARGUS_OIDC_ENDPOINT
from .env import Misconfigured, env_bool, env_database, env_int, env_port, env_secret, env_str, env_url, origin_of
from .static import STATIC_ROOT, STORAGES  # noqa: F401

SECRET_KEY = env_secret("SECRET_KEY")
DATABASES = {"default": env_database("DATABASE_URL")}

ARGUS_FRONTEND_URL = env_url("ARGUS_FRONTEND_URL")
ARGUS_COOKIE_DOMAIN = env_str("ARGUS_COOKIE_DOMAIN")
ARGUS_SEND_NOTIFICATIONS = env_bool("ARGUS_SEND_NOTIFICATIONS", True)
CORS_ALLOWED_ORIGINS = [origin_of(ARGUS_FRONTEND_URL)]

# People log in at a provider. It has been Dataporten from the beginning, so that is the one asked for.
if not ARGUS_OIDC_ENDPOINT:
    env_str("ARGUS_DATAPORTEN_KEY")
    env_str("ARGUS_DATAPORTEN_SECRET")
elif not ARGUS_OIDC_ENDPOINT.startswith("https://"):
    raise Misconfigured("ARGUS_OIDC_ENDPOINT must be an https URL: logins are only as safe as the way there")

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env_str("EMAIL_HOST")
EMAIL_PORT = env_port("EMAIL_PORT", 587)
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL")

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Switch the redirect off where something in front of Argus already sees to TLS.
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
