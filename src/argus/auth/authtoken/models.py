"""Tokens of users, stored as digests of their keys."""

import hashlib
import secrets

from django.db import models

from argus.auth.models import User

KEY_BYTES = 20
# How much of the key is shown later; the other 128 bits stay secret.
PREFIX_LENGTH = 8


class Kind(models.TextChoices):
    """What a token is for."""

    # One of each user. A new one replaces it.
    API = "api", "API"
    # One of each login of a browser at a provider.
    BROWSER = "browser", "browser login"


class Token(models.Model):
    """A token, by the SHA-256 of its key in hexadecimal."""

    digest = models.CharField(max_length=64, primary_key=True, editable=False)
    prefix = models.CharField("begins with", max_length=PREFIX_LENGTH, editable=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.API, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    created = models.DateTimeField(auto_now_add=True)

    # The key itself, 40 hexadecimal digits. Only a token that was just created has it.
    key = ""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(kind="api"), name="token_user_api_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user}"

    @classmethod
    def new(cls, user: User, kind: Kind, *, key: str = "") -> "Token":
        """Return an unsaved token of the user, with a random key unless one is given."""
        key = key or secrets.token_hex(KEY_BYTES)
        token = cls(digest=digest_of(key), prefix=key[:PREFIX_LENGTH], kind=kind, user=user)
        token.key = key
        return token


def digest_of(key: str) -> str:
    """Return the digest that stands for the key in the database and in memory."""
    return hashlib.sha256(key.encode()).hexdigest()
