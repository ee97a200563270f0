"""Format the log as lines for people or as JSON, with the request id, and without secrets. Write audit lines."""

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Model
from pythonjsonlogger.json import JsonFormatter

from .text import escape_invisible

# A client may choose an id that cannot be mistaken for another part of a log line.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")

audit_log = logging.getLogger("argus.audit")

# Tokens, values after the name of a secret, credentials in URLs, phone numbers.
SECRETS = re.compile(
    r"""
    (?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])
    | (?<=://)[^\s/@]*:[^\s/@]*(?=@)
    | (?<=[+])[0-9]{6,15}(?![0-9])
    | (?i:(?<=password[=:])|(?<=secret[=:])|(?<=token[=:])|(?<=sessionid[=:])|(?<=csrftoken[=:]))[^\s&;,"']+
    """,
    re.VERBOSE,
)


def new_request_id(proposed: str = "") -> str:
    """Return the id that the client proposes, if it is valid and holds no secret; otherwise a random one."""
    is_valid = REQUEST_ID.fullmatch(proposed) and proposed == mask_secrets(proposed)
    return proposed if is_valid else secrets.token_hex(16)


def current_request_id() -> str:
    """Return the id of the current request, or an empty string."""
    return _request_id.get()


@contextmanager
def request_context(request_id: str) -> Iterator[None]:
    """Add the request id to all log lines of the block."""
    reset = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(reset)


def audit(verb: str, subject: object, *, actor: object = None, **details: Any) -> None:
    """Log what the actor has done to the subject, once the transaction is committed."""
    actor_name = "-" if actor is None else str(actor)
    extra = {"actor": actor_name, "verb": verb, "object": str(subject), **details}
    write = partial(audit_log.info, "%s %s %s", actor_name, verb, extra["object"], extra=extra)
    transaction.on_commit(write, robust=True)


def log_name(row: Model) -> str:
    """Return the name of a row for the log: kind and primary key, because names may hold personal data."""
    return f"{row._meta.verbose_name} {row.pk}"


def mask_secrets(text: str) -> str:
    """Return the text with secrets replaced by ``***``."""
    return SECRETS.sub("***", text)


class RequestFilter(logging.Filter):
    """Add the request id to each record. Log invalid requests as warnings without a traceback.

    Any client can send an invalid ``Host`` header: one line is enough.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.__dict__["request_id"] = _request_id.get()
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class LineFormatter(logging.Formatter):
    """Format a record as a line for people. Times have milliseconds and the offset of the server's time zone."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  (of logging)
        return datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        # Further lines are indented, so that a client's input cannot look like a line of the log. Control characters
        # are escaped, so that it cannot change what a terminal shows.
        record.message = record.getMessage()
        text = super().format(record)
        request_id = getattr(record, "request_id", "")
        suffix = f" [{request_id}]" if request_id else ""
        head, *rest = escape_invisible(mask_secrets(text)).split("\n")
        return "\n".join([head + suffix, *(f"    {line}" for line in rest)])


class JsonLineFormatter(JsonFormatter):
    """Format a record as one JSON object with all its attributes."""

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message", "request_id"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            # Django adds the request as an object; its facts are in other fields.
            reserved_attrs=[*RESERVED, "request", "server_time"],
        )

    def format(self, record: logging.LogRecord) -> str:
        return mask_secrets(super().format(record))


RESERVED = [*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"]
