"""What ``collectstatic`` needs and no more, for building images before anything about the installation is known."""

from .base import *  # noqa: F403
from .env import env_str

SECRET_KEY = "only-for-collectstatic"
STATIC_ROOT = env_str("STATIC_ROOT")
# Names with the digest of what is in the file: browsers keep them for ever.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
