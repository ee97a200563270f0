"""Settings for ``collectstatic`` alone: images are built before anything about the installation is known."""

from .base import *  # noqa: F403
from .env import env

SECRET_KEY = "only-for-collectstatic"
STATIC_ROOT = env.str("STATIC_ROOT")
# File names with a digest of the content: browsers cache them without a limit.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
