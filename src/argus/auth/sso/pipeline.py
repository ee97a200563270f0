"""What becomes of an identity that a provider vouches for: steps of ``SOCIAL_AUTH_PIPELINE``, in their order.

An identity belongs to the account it is linked to. Names and mail addresses never lead to an account: providers let
people choose them.
"""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from social_core.exceptions import AuthPolicyError
from social_core.pipeline.social_auth import social_user

from argus.auth import services
from argus.auth.models import User

DETAILS = ["username", "email", "fullname", "first_name", "last_name"]


def clean_details(details, **kwargs):
    """Keep of the details what is text, and of that what can be stored and shown in one line."""
    clean = {name: clean_text(details.get(name), User._meta.get_field("first_name").max_length) for name in DETAILS}
    clean["email"] = clean_email(details.get("email"))
    return {"details": clean}


def clean_text(value, most: int) -> str:
    return "".join(filter(str.isprintable, value)).strip()[:most] if isinstance(value, str) else ""


def clean_email(value) -> str:
    try:
        validate_email(value)
    except ValidationError:
        return ""
    return value if len(value) <= User._meta.get_field("email").max_length else ""


def refuse_inactive(backend, user=None, **kwargs):
    """Stop at an account that has been switched off."""
    if user is not None and not user.is_active:
        raise AuthPolicyError(backend, "inactive", code="authentication_disallowed", stage="pipeline")


def create_account(backend, uid, id_key, details, *args, user=None, **kwargs):
    """Make an account for an identity that has none, and link the two.

    Two first logins of one person at the same moment end at one account.
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
