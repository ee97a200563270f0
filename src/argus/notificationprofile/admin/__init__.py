"""The admin's pages of wishes, and of what came of them."""

from . import ledger, profiles

__all__ = ["ledger", "profiles"]
