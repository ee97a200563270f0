"""The admin's pages of incidents and of all that belongs to them."""

from . import events, incidents, others, sources

__all__ = ["events", "incidents", "others", "sources"]
