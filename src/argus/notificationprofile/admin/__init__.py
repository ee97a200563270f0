"""The admin pages of notification profiles and of the delivery log."""

from . import delivery_log, profiles, timeline

__all__ = ["delivery_log", "profiles", "timeline"]
