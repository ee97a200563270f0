"""How much of a request is taken in."""

from django.conf import settings


def body_limit(path: str) -> int:
    """Return how many bytes a body sent to this path may have."""
    return settings.ARGUS_BODY_SIZES.get(path, settings.ARGUS_MAX_BODY_SIZE)
