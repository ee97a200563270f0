"""Removes secrets from debug pages and error reports."""

import re
from typing import Any

from django.views.debug import SafeExceptionReporterFilter

# The password in a URL such as postgresql://argus:secret@db.example.org/argus
IN_URL = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]+(?=@)")


class SecretFilter(SafeExceptionReporterFilter):
    """Hide passwords in URLs, too. Django hides only settings with a secret's name."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return hide_passwords(str(cleansed)) if isinstance(cleansed, str) else cleansed

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleanse_setting(name, hide_in_value(value))) for name, value in variables]


def hide_in_value(value: Any) -> Any:
    """Return the value; if its representation contains a password, return that without it."""
    text = repr(value)
    without = hide_passwords(text)
    return value if without == text else without


def hide_passwords(text: str) -> str:
    """Replace passwords in URLs with asterisks."""
    return IN_URL.sub(r"\1:********", text)
