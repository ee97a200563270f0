"""The admin's pages of incidents, events, tags and sources."""

from . import events, incidents, relations, sources, tags

__all__ = ["events", "incidents", "relations", "sources", "tags"]
