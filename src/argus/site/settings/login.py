"""Logins: providers of OpenID Connect, and passwords."""

from .env import POSITIVE, env

# A provider without settings is not offered.
ARGUS_DATAPORTEN_URL = env.http_url("ARGUS_DATAPORTEN_URL", "https://auth.dataporten.no")
ARGUS_DATAPORTEN_KEY = env.str("ARGUS_DATAPORTEN_KEY", "")
ARGUS_DATAPORTEN_SECRET = env.str("ARGUS_DATAPORTEN_SECRET", "")
ARGUS_OIDC_ENDPOINT = env.http_url("ARGUS_OIDC_ENDPOINT", "")
ARGUS_OIDC_KEY = env.str("ARGUS_OIDC_KEY", "")
ARGUS_OIDC_SECRET = env.str("ARGUS_OIDC_SECRET", "")
ARGUS_OIDC_NAME = env.str("ARGUS_OIDC_NAME", "OpenID Connect")

# The login throttle comes first, so that it can refuse a password before it is checked.
AUTHENTICATION_BACKENDS = ["argus.auth.login_throttle.ThrottleBackend", "django.contrib.auth.backends.ModelBackend"]
if ARGUS_DATAPORTEN_KEY or ARGUS_DATAPORTEN_SECRET:
    env.require("ARGUS_DATAPORTEN_KEY", "ARGUS_DATAPORTEN_SECRET")
    AUTHENTICATION_BACKENDS += ["argus.auth.sso.backends.DataportenFeide", "argus.auth.sso.backends.Dataporten"]
if ARGUS_OIDC_ENDPOINT or ARGUS_OIDC_KEY or ARGUS_OIDC_SECRET:
    env.require("ARGUS_OIDC_ENDPOINT", "ARGUS_OIDC_KEY", "ARGUS_OIDC_SECRET")
    AUTHENTICATION_BACKENDS += ["argus.auth.sso.backends.OpenIdConnect"]

SOCIAL_AUTH_DATAPORTEN_KEY = SOCIAL_AUTH_DATAPORTEN_FEIDE_KEY = ARGUS_DATAPORTEN_KEY
SOCIAL_AUTH_DATAPORTEN_SECRET = SOCIAL_AUTH_DATAPORTEN_FEIDE_SECRET = ARGUS_DATAPORTEN_SECRET
SOCIAL_AUTH_OIDC_OIDC_ENDPOINT = ARGUS_OIDC_ENDPOINT
SOCIAL_AUTH_OIDC_KEY = ARGUS_OIDC_KEY
SOCIAL_AUTH_OIDC_SECRET = ARGUS_OIDC_SECRET
SOCIAL_AUTH_OIDC_USERNAME_KEY = env.str("ARGUS_OIDC_USERNAME_CLAIM", "preferred_username")
SOCIAL_AUTH_STRATEGY = "argus.auth.sso.state.CookieStrategy"
SOCIAL_AUTH_STORAGE = "argus.auth.sso.state.LoginStorage"
SOCIAL_AUTH_PIPELINE = [
    "social_core.pipeline.social_auth.social_details",
    "argus.auth.sso.pipeline.clean_details",
    "social_core.pipeline.social_auth.social_names",
    "social_core.pipeline.social_auth.social_uid",
    "social_core.pipeline.social_auth.auth_allowed",
    "social_core.pipeline.social_auth.social_user",
    "argus.auth.sso.pipeline.refuse_inactive",
    "argus.auth.sso.pipeline.create_account",
    # The provider's tokens and claims are not stored.
    "social_core.pipeline.user.user_details",
]
# Providers whose e-mail addresses are stored without the claim "email_verified", by the names of their backends.
ARGUS_TRUSTED_EMAIL_PROVIDERS = env.items("ARGUS_TRUSTED_EMAIL_PROVIDERS", ["dataporten_feide"])
# The provider does not overwrite names that the user has set.
SOCIAL_AUTH_IMMUTABLE_USER_FIELDS = ["first_name", "last_name"]
# In seconds.
SOCIAL_AUTH_REQUESTS_TIMEOUT = 5

# Failed logins without a delay: for one user name from one address, and from one address for any name.
ARGUS_LOGIN_TRIES = env.int("ARGUS_LOGIN_TRIES", 10, validate=POSITIVE)
ARGUS_LOGIN_TRIES_PER_ADDRESS = env.int("ARGUS_LOGIN_TRIES_PER_ADDRESS", 100, validate=POSITIVE)
