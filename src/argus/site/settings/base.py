"""What every installation shares. Other modules of this package import it whole and override."""

from pathlib import Path

from .env import (
    channel_layer,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_networks,
    env_redis,
    env_str,
    env_url,
    env_zone,
    origin_of,
    refuse_removed,
)

refuse_removed()

SITE_DIR = Path(__file__).resolve().parent.parent
# Where an installation without further settings keeps its files: below the folder it is started in.
VAR_DIR = Path(env_str("ARGUS_VAR_DIR", "var"))

DEBUG = env_bool("DEBUG", False)
TEMPLATE_DEBUG = env_bool("TEMPLATE_DEBUG", DEBUG)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])

INSTALLED_APPS = [
    "argus.site",
    "argus.dev",
    "argus.alert",
    "argus.notificationprofile",
    "argus.ws",
    "argus.inventory",
    "argus.incident",
    "argus.auth",
    "argus.http",
    "django.contrib.admin",
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
    "rest_framework.authtoken",
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

# Keys that signed what is still about, for the time in which SECRET_KEY is being replaced.
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS", [])
DEFAULT_EXCEPTION_REPORTER_FILTER = "argus.site.secret_filter.SecretFilter"

AUTH_USER_MODEL = "argus_auth.User"
AUTH_TOKEN_EXPIRES_AFTER_DAYS = env_int("AUTH_TOKEN_EXPIRES_AFTER_DAYS", 14, minimum=1)
# The same for tokens of source systems, which nobody replaces by logging in.
ARGUS_SOURCE_TOKEN_DAYS = env_int("ARGUS_SOURCE_TOKEN_DAYS", AUTH_TOKEN_EXPIRES_AFTER_DAYS, minimum=1)
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
TIME_ZONE = env_zone("TIME_ZONE", "Europe/Oslo")
USE_I18N = True
USE_TZ = True

# Pages carry the CSRF token themselves; no script has to read the cookie.
CSRF_COOKIE_HTTPONLY = True

STATIC_URL = env_str("STATIC_URL", "/static/")

PHONENUMBER_DB_FORMAT = "E164"
PHONENUMBER_DEFAULT_FORMAT = "E164"

# How long one query of a request may take, in milliseconds (PostgreSQL); 0 is forever.
ARGUS_STATEMENT_TIMEOUT = env_int("ARGUS_STATEMENT_TIMEOUT", 30_000)


# How long something may have been due to be sent before /readyz says so, in seconds; 0 is for ever.
ARGUS_READY_NOTIFICATION_AGE = env_int("ARGUS_READY_NOTIFICATION_AGE", 300)
# Who shows it may read /metrics from anywhere; without it only this machine itself may.
ARGUS_METRICS_TOKEN = env_str("ARGUS_METRICS_TOKEN", "")

# What "manage.py prune" keeps, in days; 0 is everything, for ever.
ARGUS_RETENTION_DAYS = env_int("ARGUS_RETENTION_DAYS", 0)

# Requests a second, to each web process, of one credential and of one client address without an accepted one; 0: no
# limit. The requests of ten seconds may come at once.
ARGUS_RATE_LIMIT = env_int("ARGUS_RATE_LIMIT", 500)
ARGUS_ADDRESS_RATE_LIMIT = env_int("ARGUS_ADDRESS_RATE_LIMIT", 50)

# The largest request body, in bytes; a longer one is answered with 413.
ARGUS_MAX_BODY_SIZE = env_int("ARGUS_MAX_BODY_SIZE", 256 * 1024, minimum=1024)
# The same for requests with a thousand incidents.
ARGUS_MAX_BULK_SIZE = env_int("ARGUS_MAX_BULK_SIZE", 8 * 1024 * 1024, minimum=ARGUS_MAX_BODY_SIZE)
ARGUS_BODY_SIZES = dict.fromkeys(["/api/v1/incidents/bulk/", "/api/v1/incidents/mine/open-set/"], ARGUS_MAX_BULK_SIZE)
# Django's own limit is for forms in memory; ours comes before it and covers every kind of body.
DATA_UPLOAD_MAX_MEMORY_SIZE = ARGUS_MAX_BULK_SIZE
# An incident may have a thousand tags, and the admin's form up to three fields for each.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "argus.auth.authentication.ExpiringTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "argus.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "argus.api.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "argus.api.renderers.JSONRenderer",
        "argus.api.renderers.BrowsableRenderer",
    ],
    "DEFAULT_METADATA_CLASS": "argus.api.metadata.Metadata",
    "DEFAULT_SCHEMA_CLASS": "argus.api.openapi.AutoSchema",
    "SCHEMA_COERCE_PATH_PK": False,
    "EXCEPTION_HANDLER": "argus.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Argus API",
    "DESCRIPTION": (
        "Incidents from many monitoring systems in one place. Send `Authorization: Token <key>` with every request; "
        "`POST /api/v1/token-auth/` gives you a key."
    ),
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "Incidents", "description": "What is, or was, wrong at a source."},
        {"name": "Events", "description": "What happened to an incident; this is how it is closed and reopened."},
        {"name": "Acknowledgements", "description": "Somebody knows of the incident."},
        {"name": "Sources", "description": "The monitoring systems that post incidents."},
        {"name": "Notification profiles", "description": "Who wants to be told of what, when, and how."},
        {"name": "Deliveries", "description": "Who was told of what, who was not, and why."},
        {"name": "Inventory", "description": "What alerts are about: customers and what they have."},
        {"name": "Permissions", "description": "Who is what in it, and so who sees and arranges what."},
        {"name": "Alerts", "description": "Incidents about objects of the inventory, for those who see these."},
        {"name": "Accounts", "description": "Tokens, users and their phone numbers."},
        {"name": "Server", "description": "What this server is."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "EventType": "argus.incident.lifecycle.EventType",
        "AckType": [("ACK", "Acknowledge")],
        "Medium": "argus.notificationprofile.media.registry.medium_choices",
    },
    "SORT_OPERATION_PARAMETERS": False,
    "PREPROCESSING_HOOKS": ["argus.api.openapi.keep_plus"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "argus.api.openapi.complete",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # By default the page asks a validator on the internet.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "validatorUrl": None},
}

# Logging in at a provider. A provider without a key is not offered.
ARGUS_DATAPORTEN_URL = env_url("ARGUS_DATAPORTEN_URL", "https://auth.dataporten.no")
ARGUS_DATAPORTEN_KEY = env_str("ARGUS_DATAPORTEN_KEY", "")
ARGUS_DATAPORTEN_SECRET = env_str("ARGUS_DATAPORTEN_SECRET", None if ARGUS_DATAPORTEN_KEY else "")
ARGUS_OIDC_ENDPOINT = env_url("ARGUS_OIDC_ENDPOINT", "")
ARGUS_OIDC_KEY = env_str("ARGUS_OIDC_KEY", None if ARGUS_OIDC_ENDPOINT else "")
ARGUS_OIDC_SECRET = env_str("ARGUS_OIDC_SECRET", None if ARGUS_OIDC_ENDPOINT else "")
ARGUS_OIDC_NAME = env_str("ARGUS_OIDC_NAME", "OpenID Connect")

# The login throttle; permissions, and names with passwords; then the providers.
AUTHENTICATION_BACKENDS = ["argus.auth.login_throttle.ThrottleBackend", "django.contrib.auth.backends.ModelBackend"]
if ARGUS_DATAPORTEN_KEY:
    AUTHENTICATION_BACKENDS += ["argus.auth.sso.backends.DataportenFeide", "argus.auth.sso.backends.Dataporten"]
if ARGUS_OIDC_ENDPOINT:
    AUTHENTICATION_BACKENDS += ["argus.auth.sso.backends.OpenIdConnect"]

SOCIAL_AUTH_DATAPORTEN_KEY = SOCIAL_AUTH_DATAPORTEN_FEIDE_KEY = ARGUS_DATAPORTEN_KEY
SOCIAL_AUTH_DATAPORTEN_SECRET = SOCIAL_AUTH_DATAPORTEN_FEIDE_SECRET = ARGUS_DATAPORTEN_SECRET
SOCIAL_AUTH_OIDC_OIDC_ENDPOINT = ARGUS_OIDC_ENDPOINT
SOCIAL_AUTH_OIDC_KEY = ARGUS_OIDC_KEY
SOCIAL_AUTH_OIDC_SECRET = ARGUS_OIDC_SECRET
SOCIAL_AUTH_OIDC_USERNAME_KEY = env_str("ARGUS_OIDC_USERNAME_CLAIM", "preferred_username")
SOCIAL_AUTH_PIPELINE = [
    "social_core.pipeline.social_auth.social_details",
    "argus.auth.sso.pipeline.clean_details",
    "social_core.pipeline.social_auth.social_names",
    "social_core.pipeline.social_auth.social_uid",
    "social_core.pipeline.social_auth.auth_allowed",
    "social_core.pipeline.social_auth.social_user",
    "argus.auth.sso.pipeline.refuse_inactive",
    "argus.auth.sso.pipeline.create_account",
    # What the provider says of somebody is not kept beyond this: no tokens of its own, no claims.
    "social_core.pipeline.user.user_details",
]
# What somebody has filled in here stays.
SOCIAL_AUTH_IMMUTABLE_USER_FIELDS = ["first_name", "last_name"]
# How long to wait for the provider, in seconds.
SOCIAL_AUTH_REQUESTS_TIMEOUT = 5

# How many wrong passwords are free: for one name from one address, and from one address for whatever names.
ARGUS_LOGIN_TRIES = env_int("ARGUS_LOGIN_TRIES", 10, minimum=1)
ARGUS_LOGIN_TRIES_PER_ADDRESS = env_int("ARGUS_LOGIN_TRIES_PER_ADDRESS", 100, minimum=1)
# Whose X-Forwarded-For is believed.
ARGUS_TRUSTED_PROXIES = env_networks("ARGUS_TRUSTED_PROXIES")
# Only behind a proxy that always sets these headers itself: whoever can forge them can claim to use TLS, or be
# answered with links to elsewhere.
USE_X_FORWARDED_HOST = env_bool("ARGUS_BEHIND_HOST_PROXY", False)
if env_bool("ARGUS_BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

ARGUS_FRONTEND_URL = env_url("ARGUS_FRONTEND_URL", "")
ARGUS_COOKIE_DOMAIN = env_str("ARGUS_COOKIE_DOMAIN", "")
ARGUS_SEND_NOTIFICATIONS = env_bool("ARGUS_SEND_NOTIFICATIONS", False)
# How long a medium may take for one message (longer than EMAIL_TIMEOUT, whose error says more), and how long a worker
# may hold what it has claimed. In seconds.
ARGUS_NOTIFICATION_SEND_TIMEOUT = env_int("ARGUS_NOTIFICATION_SEND_TIMEOUT", 15, minimum=1)
ARGUS_NOTIFICATION_LEASE = env_int("ARGUS_NOTIFICATION_LEASE", 30, minimum=ARGUS_NOTIFICATION_SEND_TIMEOUT + 1)
# The pause after a first failure, and the longest one (seconds); how old a message may get (hours).
ARGUS_NOTIFICATION_RETRY_FIRST = env_int("ARGUS_NOTIFICATION_RETRY_FIRST", 5)
ARGUS_NOTIFICATION_RETRY_MOST = env_int("ARGUS_NOTIFICATION_RETRY_MOST", 300)
ARGUS_NOTIFICATION_GIVE_UP_AFTER = env_int("ARGUS_NOTIFICATION_GIVE_UP_AFTER", 24)
# After how many seconds of failing a medium becomes an incident of its own.
ARGUS_MEDIUM_FAILING_AFTER = env_int("ARGUS_MEDIUM_FAILING_AFTER", 300)

# What web processes and commands tell each other by. Without it there can be one web process only.
ARGUS_REDIS_URL = env_redis("ARGUS_REDIS_URL", "")
CHANNEL_LAYERS = {"default": channel_layer(ARGUS_REDIS_URL)}
# Whether pages from any port of this machine may open the websocket, as in development.
ARGUS_LOCAL_ORIGINS = False

CORS_ALLOWED_ORIGINS = [origin_of(ARGUS_FRONTEND_URL)] if ARGUS_FRONTEND_URL else []
CORS_EXPOSE_HEADERS = ["Link", "Retry-After", "X-Result-Count"]

DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "argus@localhost")
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_str("EMAIL_HOST_PASSWORD", "")
# Without it a mail server that hangs would stop the notifications of everybody.
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10, minimum=1)

NOTIFICATION_SUBJECT_PREFIX = env_str("NOTIFICATION_SUBJECT_PREFIX", "[Argus] ")
ARGUS_SMS_GATEWAY = env_str("ARGUS_SMS_GATEWAY", "")
ARGUS_SMS_LENGTH = env_int("ARGUS_SMS_LENGTH", 160, minimum=70)
# The classes that deliver: dotted paths, or None for a medium that there is not.
DEFAULT_EMAIL_MEDIA = "argus.notificationprofile.media.email.EmailNotification"
DEFAULT_SMS_MEDIA = "argus.notificationprofile.media.sms.EmailGatewaySMS" if ARGUS_SMS_GATEWAY else None
# Further media: dotted paths of classes with a code of their own.
ARGUS_MEDIA = env_list("ARGUS_MEDIA", [])

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
            "formatter": env_choice("ARGUS_LOG_FORMAT", "line", ["LINE", "JSON"]).lower(),
        }
    },
    "root": {
        "handlers": ["console"],
        "level": env_choice("ARGUS_LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"]),
    },
    "loggers": {
        "django": {"level": "INFO"},
        # What is 4xx has its line in argus.access.
        "django.request": {"level": "ERROR"},
        # It writes a traceback every second while Redis is away; argus.ws says so once.
        "channels_redis": {"level": "CRITICAL"},
    },
}
