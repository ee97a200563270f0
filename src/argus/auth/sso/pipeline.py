"""Turn an identity at a provider into a user: steps of ``SOCIAL_AUTH_PIPELINE``, in their order.

An identity belongs to the account that it is linked to. User names and e-mail addresses never lead to an existing
account, because users can choose them at the provider.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from social_core.exceptions import AuthPolicyError
from social_core.pipeline.social_auth import social_user

from argus.auth import services
from argus.auth.models import User

DETAILS = ["username", "email", "fullname", "first_name", "last_name"]
MAX_TEXT_LENGTH: int = User._meta.get_field("first_name").max_length or 0
MAX_EMAIL_LENGTH: int = User._meta.get_field("email").max_length or 0


def clean_details(backend: Any, details: dict[str, Any], response: Any, **kwargs: Any) -> dict[str, Any]:
    """Keep only details that are text, cut to what fits in one line and in the database, and a verified address."""
    clean = {name: clean_text(details.get(name)) for name in DETAILS}
    email = details.get("email")
    clean["email"] = clean_email(email) if backend.has_verified(email, response) else ""
    return {"details": clean}


def clean_text(value: Any) -> str:
    """Return the printable characters of a text, up to the length of the field."""
    return "".join(filter(str.isprintable, value)).strip()[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""


def clean_email(value: Any) -> str:
    """Return a valid e-mail address, or an empty string."""
    try:
        validate_email(value)
    except ValidationError:
        return ""
    return value if len(value) <= MAX_EMAIL_LENGTH else ""


def refuse_inactive(backend: Any, user: User | None = None, **kwargs: Any) -> None:
    """Refuse the login of an inactive user."""
    if user is not None and not user.is_active:
        raise AuthPolicyError(backend, "inactive", code="authentication_disallowed", stage="pipeline")


def create_account(
    backend: Any, uid: str, id_key: str, details: dict[str, Any], *args: Any, user: User | None = None, **kwargs: Any
) -> dict[str, Any] | None:
    """Create a user for an identity without one, and link the two.

    Of two parallel first logins with the same identity, the second one uses the account of the first.
    """
    if user is not None:
        return None
    storage = backend.strategy.storage.user
    try:
        with transaction.atomic():
            user = services.create_sso_user(details["username"] or backend.name, email=details["email"])
            social = storage.create_social_auth(user, uid, backend.name, id_key=id_key)
    except IntegrityError:
        return social_user(backend, uid, id_key=id_key)
    return {"user": user, "social": social, "is_new": True}
