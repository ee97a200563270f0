"""Admin pages of users, groups, phone numbers, tokens and linked identities."""

from . import stock, tokens, users

__all__ = ["stock", "tokens", "users"]
