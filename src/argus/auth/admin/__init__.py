"""The admin's pages of accounts and of what belongs to them; ``base`` is what the pages of all apps are made from."""

from . import stock, tokens, users

__all__ = ["stock", "tokens", "users"]
