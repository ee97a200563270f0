"""The admin's pages of the inventory, and of who has which role in it."""

from . import objects, roles

__all__ = ["objects", "roles"]
