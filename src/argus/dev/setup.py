"""The first accounts of an installation. Existing ones are not changed."""

import secrets
import string

from django.contrib.auth import get_user_model

from argus.auth.services import replace_token
from argus.auth.tokens import is_expired
from argus.incident import sources
from argus.incident.models import SourceSystem

PASSWORD_LENGTH = 16
EXAMPLE = "example"


def ensure_admin(username: str, *, password: str, email: str = "") -> bool:
    """Create a superuser unless the user exists; return whether it was created."""
    users = get_user_model()
    if users.objects.filter(username=username).exists():
        return False
    users.objects.create_superuser(username, email=email, password=password, first_name=username.capitalize())
    return True


def generate_password() -> str:
    """Return random letters and digits (95 bits)."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))


def create_example_token() -> str | None:
    """Return the key of a new token of the example source, or ``None`` if it has a valid one already.

    Creates the source if it is missing.
    """
    actor = sources.get_argus_source().user
    source = SourceSystem.objects.filter(name=EXAMPLE, type=EXAMPLE).select_related("user").first()
    if source is None:
        source_type = sources.get_source_type(EXAMPLE, actor=actor)
        source = sources.create_source(EXAMPLE, actor=actor, source_type=source_type)
    if source.user.tokens.exclude(is_expired()).exists():
        return None
    return replace_token(source.user, actor=actor).key
