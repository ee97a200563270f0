"""The admin's pages of incidents, events, tags and sources."""

from . import events, incidents, sources, tags

__all__ = ["events", "incidents", "sources", "tags"]
