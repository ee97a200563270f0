"""The e-mail backend of the embedded default: no mail server, so each message goes to the console and into a file."""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class EmailBackend(BaseEmailBackend):
    """Print the text of each message, and store the whole of it below ``EMAIL_FILE_PATH``, for a mail program."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            print(printed(message, store(message)), flush=True, file=sys.stdout)
        return len(email_messages)


def store(message: EmailMessage) -> Path:
    """Write the message into a new file, and return its path. Names sort by time."""
    folder = Path(settings.EMAIL_FILE_PATH)
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"{timezone.now():%Y%m%d-%H%M%S-}"
    with NamedTemporaryFile(dir=folder, prefix=prefix, suffix=".eml", delete=False) as file:
        file.write(message.message().as_bytes())
    return Path(file.name)


def printed(message: EmailMessage, path: Path) -> str:
    """Return the message as text: the readable headers, the body, and where the file is."""
    lines = [
        "-" * 78,
        f"From: {message.from_email}",
        f"To: {', '.join(message.recipients())}",
        f"Subject: {message.subject}",
        "",
        str(message.body).rstrip(),
        "",
        f"(No mail server is configured. This e-mail is stored in {path})",
        "-" * 78,
    ]
    return "\n".join(lines)
