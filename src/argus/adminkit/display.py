"""Values as the lists show them: infinity by its sign, long texts cut, links only where a browser may follow them."""

from datetime import datetime

from django.contrib.admin.utils import display_for_value
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from argus.util.infinity import INFINITY
from argus.util.urls import is_http_url

MOST_CHARACTERS = 120


def moment(value: datetime | None) -> str:
    """Show a point in time in the server's zone. Infinity has no place in any zone."""
    if value == INFINITY:
        return "∞"
    if value is None:
        return "-"
    try:
        return display_for_value(timezone.localtime(value), "-")
    except OverflowError:
        # At the edges of the calendar, once the server has moved to another zone.
        return value.isoformat()


def short(text: str) -> str:
    """Show the beginning of a text."""
    return text if len(text) <= MOST_CHARACTERS else Truncator(text).chars(MOST_CHARACTERS)


def link(url: str) -> str:
    """Show an http(s) URL as a link, and anything else as text that does nothing."""
    if not is_http_url(url):
        return short(url)
    return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, short(url))


def page_link(obj) -> str:
    """Show a row as a link to its own page in the admin."""
    opts = obj._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, short(str(obj)))
