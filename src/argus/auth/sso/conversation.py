"""Talking to a provider without ever keeping the others waiting, and without trusting that it makes sense."""

import logging
import traceback
from contextlib import contextmanager
from threading import BoundedSemaphore

import requests
from social_core.exceptions import AuthProviderError, AuthResponseError, SocialAuthBaseException

log = logging.getLogger(__name__)

# A provider that hangs may hold these threads of a process; the others stay for those who do not need it.
PLACES = BoundedSemaphore(2)
PATIENCE = 2.0  # seconds
# What comes of reading an answer that is not made as it should be.
CONFUSION = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


@contextmanager
def conversation(backend):
    """Hold one of a few conversations at a time; raise ``SocialAuthBaseException`` whatever goes wrong in it."""
    if not PLACES.acquire(timeout=PATIENCE):
        raise AuthProviderError(backend, code="unavailable")
    try:
        yield
    except SocialAuthBaseException:
        raise
    except requests.RequestException as error:
        raise AuthProviderError(backend, code="connection_failed") from error
    except CONFUSION as error:
        # Without its text, which may hold what the provider said.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("%s: %s at %s:%s.", backend.name, type(error).__name__, place.filename, place.lineno)
        raise AuthResponseError(backend, code="malformed_response") from error
    finally:
        PLACES.release()
