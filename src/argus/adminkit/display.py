"""Values as the admin's lists show them."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from django.contrib.admin.utils import display_for_value
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from argus.util.infinity import INFINITY
from argus.util.urls import is_http_url

MAX_TEXT_LENGTH = 120
# The colours of badges. "alarm": needs an operator; "notice": unusual; "good": as it should be.
Kind = Literal["plain", "alarm", "notice", "good"]


@lru_cache(maxsize=512)
def badge(text: str, kind: Kind = "plain") -> str:
    """Return a word in a coloured frame. Cached, because lists repeat few words."""
    return format_html('<span class="badge badge-{}">{}</span>', kind, text)


def yes_or_no(value: bool | None) -> str:
    """Return a boolean as a word. Whether yes is good depends on the column, so both look the same."""
    return {True: "yes", False: "no", None: "unknown"}[value]


def format_time(value: datetime | None) -> str:
    """Return a time in the server's zone, ``∞`` for infinity, ``-`` for none."""
    if value == INFINITY:
        return "∞"
    if value is None:
        return "-"
    try:
        return display_for_value(timezone.localtime(value), "-")
    except OverflowError:
        # Near the years 1 and 9999, if the server's zone has changed.
        return value.isoformat()


def format_duration(duration: timedelta) -> str:
    """Return a duration as days and hours, hours and minutes, or minutes: ``2 h 5 min``. Negative ones are 0."""
    # Django's ``timesince`` takes a tenth of the time of a list of incidents.
    minutes, _ = divmod(max(duration, timedelta()), timedelta(minutes=1))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min"


def shorten(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= MAX_TEXT_LENGTH else Truncator(text).chars(MAX_TEXT_LENGTH)


def external_link(url: str, text: str = "") -> str:
    """Return an http(s) URL as a link, any other text without one. ``text`` replaces the URL in the link."""
    if not is_http_url(url):
        return shorten(url)
    return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, text or shorten(url))


def object_link(obj: Model) -> str:
    """Return a link to the object's page in the admin."""
    opts = obj._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, shorten(str(obj)))
