"""The first accounts of an installation. Existing ones are not changed."""

import secrets
import string

from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token

from argus.auth.services import replace_token
from argus.auth.tokens import has_expired
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


def ensure_example_token() -> str:
    """Return a valid token of the example source; create the source if it is missing."""
    actor = sources.get_argus_source().user
    source = SourceSystem.objects.filter(name=EXAMPLE, type=EXAMPLE).select_related("user").first()
    if source is None:
        source_type = sources.get_source_type(EXAMPLE, actor=actor)
        source = sources.create_source(EXAMPLE, actor=actor, source_type=source_type)
    token = Token.objects.filter(user=source.user).first()
    return token.key if token and not has_expired(token) else replace_token(source.user, actor=actor).key
