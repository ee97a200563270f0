"""Settings of every installation. The other modules of this package import and override them."""

from pathlib import Path
from zoneinfo import available_timezones

from environs import validate

from .env import NOT_NEGATIVE, POSITIVE, channel_layer, env, origin_of
from .login import *  # noqa: F403
from .rest import *  # noqa: F403

env.refuse_removed(
    {
        "ARGUS_NOTIFICATION_GIVE_UP_AFTER": "ARGUS_NOTIFICATION_MAX_AGE",
        "ARGUS_NOTIFICATION_RETRY_FIRST": "ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY",
        "ARGUS_NOTIFICATION_RETRY_MOST": "ARGUS_NOTIFICATION_RETRY_MAX_DELAY",
        "ARGUS_SMS_LENGTH": "ARGUS_SMS_MAX_LENGTH",
        "ARGUS_WEB_PROCESSES": "WEB_CONCURRENCY, or gunicorn's option --workers",
        "ARGUS_WEB_THREADS": "gunicorn's option --threads",
    }
)

SITE_DIR = Path(__file__).resolve().parent.parent
# Data of the embedded default, by default below the working directory.
VAR_DIR = Path(env.str("ARGUS_VAR_DIR", "var"))

DEBUG = env.bool("DEBUG", False)
TEMPLATE_DEBUG = env.bool("TEMPLATE_DEBUG", DEBUG)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])

INSTALLED_APPS = [
    "argus.site",
    "argus.dev",
    "argus.alert",
    "argus.notificationprofile",
    "argus.ws",
    "argus.inventory",
    "argus.incident",
    "argus.auth",
    "argus.auth.authtoken",
    "argus.adminkit",
    "argus.http",
    "argus.site.apps.ArgusAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "phonenumber_field",
    "rest_framework",
    "social_django",
]

MIDDLEWARE = [
    "argus.site.monitoring.views.ProbeMiddleware",
    "argus.http.access_log.AccessMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "argus.http.security_headers.HeadersMiddleware",
    # Before those that may refuse a request, so that the frontend can read why.
    "corsheaders.middleware.CorsMiddleware",
    "argus.http.rate_limit.RateLimitMiddleware",
    "argus.http.body_limit.BodyLimitMiddleware",
    "argus.http.database_outage.OutageMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "argus.auth.middleware.SessionMiddleware",
    "argus.http.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "argus.auth.login_throttle.LoginThrottleMiddleware",
    "argus.api.ignored.IgnoredNamesMiddleware",
]

ROOT_URLCONF = "argus.site.urls"
WSGI_APPLICATION = "argus.site.wsgi.application"
ASGI_APPLICATION = "argus.site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SITE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "debug": TEMPLATE_DEBUG,
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Former keys, while SECRET_KEY is being replaced: what they signed stays valid.
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", [])
DEFAULT_EXCEPTION_REPORTER_FILTER = "argus.site.secret_filter.SecretFilter"

AUTH_USER_MODEL = "argus_auth.User"
AUTH_TOKEN_EXPIRES_AFTER_DAYS = env.int("AUTH_TOKEN_EXPIRES_AFTER_DAYS", 14, validate=POSITIVE)
# The same for tokens of source systems, which are not replaced by logins.
ARGUS_SOURCE_TOKEN_DAYS = env.int("ARGUS_SOURCE_TOKEN_DAYS", AUTH_TOKEN_EXPIRES_AFTER_DAYS, validate=POSITIVE)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
is_time_zone = validate.OneOf(available_timezones(), error="Must be a time zone such as Europe/Oslo.")
TIME_ZONE = env.str("TIME_ZONE", "UTC", validate=is_time_zone)
USE_I18N = True
FORMAT_MODULE_PATH = "argus.site.formats"
USE_TZ = True

# Forms contain the CSRF token; no script reads the cookie.
CSRF_COOKIE_HTTPONLY = True

STATIC_URL = env.str("STATIC_URL", "/static/")

PHONENUMBER_DB_FORMAT = "E164"
PHONENUMBER_DEFAULT_FORMAT = "E164"

# Time limit of a query in a web request, in milliseconds, on PostgreSQL; 0: none.
ARGUS_STATEMENT_TIMEOUT = env.int("ARGUS_STATEMENT_TIMEOUT", 30_000, validate=NOT_NEGATIVE)


# Seconds that a notification may be late before /readyz fails; 0: any time.
ARGUS_READY_NOTIFICATION_AGE = env.int("ARGUS_READY_NOTIFICATION_AGE", 300, validate=NOT_NEGATIVE)
# Bearer token for /metrics. Without it, only this machine may read them.
ARGUS_METRICS_TOKEN = env.str("ARGUS_METRICS_TOKEN", "")

# Days of history that "manage.py prune" keeps; 0: prune requires --days.
ARGUS_RETENTION_DAYS = env.int("ARGUS_RETENTION_DAYS", 0, validate=NOT_NEGATIVE)

# Requests a second to each web process, with one accepted credential, and from one client address without one. 0: no
# limit. The requests of ten seconds may come at once.
ARGUS_RATE_LIMIT = env.int("ARGUS_RATE_LIMIT", 500, validate=NOT_NEGATIVE)
ARGUS_ADDRESS_RATE_LIMIT = env.int("ARGUS_ADDRESS_RATE_LIMIT", 50, validate=NOT_NEGATIVE)
# Websockets of one user in each web process; 0: no limit.
ARGUS_MAX_WEBSOCKETS = env.int("ARGUS_MAX_WEBSOCKETS", 100, validate=NOT_NEGATIVE)

# Maximum length of a request body, in bytes; longer ones are answered with 413.
ARGUS_MAX_BODY_SIZE = env.int("ARGUS_MAX_BODY_SIZE", 256 * 1024, validate=validate.Range(min=1024))
# The same for requests with up to a thousand incidents.
ARGUS_MAX_BULK_SIZE = env.int("ARGUS_MAX_BULK_SIZE", 8 * 1024 * 1024, validate=validate.Range(min=ARGUS_MAX_BODY_SIZE))
ARGUS_BODY_SIZES = dict.fromkeys(["/api/v1/incidents/bulk/", "/api/v1/incidents/mine/open-set/"], ARGUS_MAX_BULK_SIZE)
# Django's limit covers forms only. BodyLimitMiddleware checks all bodies before.
DATA_UPLOAD_MAX_MEMORY_SIZE = ARGUS_MAX_BULK_SIZE
# An incident may have a thousand tags, and the admin's form has three fields for each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000

# Proxies whose X-Forwarded-For is trusted.
ARGUS_TRUSTED_PROXIES = env.networks("ARGUS_TRUSTED_PROXIES", "")
# Only behind a proxy that always overwrites these headers: clients that can forge them can claim to use TLS, or get
# links to another host into responses.
USE_X_FORWARDED_HOST = env.bool("ARGUS_BEHIND_HOST_PROXY", False)
if env.bool("ARGUS_BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

ARGUS_FRONTEND_URL = env.http_url("ARGUS_FRONTEND_URL", "")
ARGUS_COOKIE_DOMAIN = env.str("ARGUS_COOKIE_DOMAIN", "")
ARGUS_SEND_NOTIFICATIONS = env.bool("ARGUS_SEND_NOTIFICATIONS", False)
# Seconds that a medium may take for one message (more than EMAIL_TIMEOUT, whose error says more), and that a worker may
# hold a claimed delivery.
ARGUS_NOTIFICATION_SEND_TIMEOUT = env.int("ARGUS_NOTIFICATION_SEND_TIMEOUT", 15, validate=POSITIVE)
longer_than_sending = validate.Range(min=ARGUS_NOTIFICATION_SEND_TIMEOUT, min_inclusive=False)
ARGUS_NOTIFICATION_LEASE = env.int("ARGUS_NOTIFICATION_LEASE", 30, validate=longer_than_sending)
# Delays between attempts to deliver, in seconds; after how many hours a message is given up.
ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY = env.int("ARGUS_NOTIFICATION_RETRY_INITIAL_DELAY", 5, validate=NOT_NEGATIVE)
ARGUS_NOTIFICATION_RETRY_MAX_DELAY = env.int("ARGUS_NOTIFICATION_RETRY_MAX_DELAY", 300, validate=NOT_NEGATIVE)
ARGUS_NOTIFICATION_MAX_AGE = env.int("ARGUS_NOTIFICATION_MAX_AGE", 24, validate=NOT_NEGATIVE)
# Seconds of failures after which Argus opens an incident about the medium.
ARGUS_MEDIUM_FAILING_AFTER = env.int("ARGUS_MEDIUM_FAILING_AFTER", 300, validate=NOT_NEGATIVE)

# Wakes up other web processes after a change. Without it, run one web process only.
ARGUS_REDIS_URL = env.redis_url("ARGUS_REDIS_URL", "")
CHANNEL_LAYERS = {"default": channel_layer(ARGUS_REDIS_URL)}
# Development: pages of any port of this machine may open the websocket.
ARGUS_LOCAL_ORIGINS = False

CORS_ALLOWED_ORIGINS = [origin_of(ARGUS_FRONTEND_URL)] if ARGUS_FRONTEND_URL else []
CORS_EXPOSE_HEADERS = ["Link", "Retry-After", "Warning", "X-Result-Count"]

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "argus@localhost")
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
# Where the development settings store e-mails if there is no mail server.
EMAIL_FILE_PATH = (VAR_DIR / "mail").absolute()
# Seconds. Without it, a mail server that hangs would delay all notifications.
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", 10, validate=POSITIVE)

NOTIFICATION_SUBJECT_PREFIX = env.str("NOTIFICATION_SUBJECT_PREFIX", "[Argus] ")
ARGUS_SMS_GATEWAY = env.str("ARGUS_SMS_GATEWAY", "")
ARGUS_SMS_MAX_LENGTH = env.int("ARGUS_SMS_MAX_LENGTH", 160, validate=validate.Range(min=70))
# Classes of media: dotted paths, or None to disable the medium.
DEFAULT_EMAIL_MEDIA = "argus.notificationprofile.media.email.EmailNotification"
DEFAULT_SMS_MEDIA = "argus.notificationprofile.media.sms.EmailGatewaySMS" if ARGUS_SMS_GATEWAY else None
# Further media: dotted paths of classes.
ARGUS_MEDIA = env.items("ARGUS_MEDIA", [])

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "argus.util.logs.RequestFilter"}},
    "formatters": {
        "line": {
            "()": "argus.util.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "argus.util.logs.JsonLineFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["context"],
            "formatter": (env.word("ARGUS_LOG_FORMAT", "line", choices=["LINE", "JSON"]) or "").lower(),
        }
    },
    "root": {
        "handlers": ["console"],
        "level": env.word("ARGUS_LOG_LEVEL", "INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"]),
    },
    "loggers": {
        "django": {"level": "INFO"},
        # Refused requests (4xx) are logged by argus.access.
        "django.request": {"level": "ERROR"},
        # It logs a traceback every second while Redis is unavailable; argus.ws logs it once.
        "channels_redis": {"level": "CRITICAL"},
    },
}
