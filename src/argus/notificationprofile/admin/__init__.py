"""The admin's pages of wishes, and of what came of them."""

from . import delivery_log, profiles

__all__ = ["delivery_log", "profiles"]
