"""What must not be seen on error pages and in reports of errors."""

import re

from django.views.debug import SafeExceptionReporterFilter

# The password in an address such as postgresql://argus:secret@db.example.org/argus
IN_URL = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]+(?=@)")


class SecretFilter(SafeExceptionReporterFilter):
    """Django hides what is called a secret; addresses carry passwords under any name."""

    def cleanse_setting(self, key, value):
        cleansed = super().cleanse_setting(key, value)
        return hide_passwords(str(cleansed)) if isinstance(cleansed, str) else cleansed

    def get_traceback_frame_variables(self, request, tb_frame):
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleanse_setting(name, hidden(value))) for name, value in variables]


def hidden(value):
    """Return the value, or the text that it would be shown as if that has a password in it."""
    text = repr(value)
    without = hide_passwords(text)
    return value if without == text else without


def hide_passwords(text: str) -> str:
    """Replace passwords in addresses by stars."""
    return IN_URL.sub(r"\1:********", text)
