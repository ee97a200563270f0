"""How the log reads: lines for people or JSON, each with the request it belongs to, and none with a secret."""

import logging
import re
import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.db import transaction
from pythonjsonlogger.json import JsonFormatter

# What a caller may name a request by: nothing that could be taken for something else in a log.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")

audit_log = logging.getLogger("argus.audit")

# Whatever a message quotes: tokens, what follows the name of a secret, credentials in addresses, phone numbers.
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
    """Return the name that the caller has for a request, if it is a sane one; else a new one."""
    return (
        proposed if REQUEST_ID.fullmatch(proposed) and proposed == without_secrets(proposed) else secrets.token_hex(16)
    )


def current_request_id() -> str:
    """Return the name of the request that is being worked on; empty if there is none."""
    return _request_id.get()


@contextmanager
def on_behalf_of(request_id: str):
    """A block whose log lines belong to a request."""
    reset = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(reset)


def audit(verb: str, subject, *, actor=None, **details) -> None:
    """Write down, once it is committed, who has done what to what. Without an actor the request may tell."""
    actor = "-" if actor is None else str(actor)
    extra = {"actor": actor, "verb": verb, "object": str(subject), **details}
    write = partial(audit_log.info, "%s %s %s", actor, verb, extra["object"], extra=extra)
    transaction.on_commit(write, robust=True)


def named(row) -> str:
    """Name a row in the log, without what people may have called it."""
    return f"{row._meta.verbose_name} {row.pk}"


def without_secrets(text: str) -> str:
    """Return the text with stars in the place of whatever looks like a secret."""
    return SECRETS.sub("***", text)


class Context(logging.Filter):
    """Adds the request to every record, and takes the traceback from requests that are merely strange.

    Anybody can send a wrong ``Host``: that is worth a line, not a page.
    """

    def filter(self, record):
        record.request_id = _request_id.get()
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class LineFormatter(logging.Formatter):
    """Lines for people."""

    def format(self, record):
        # Nobody can begin a line of their own with what they send; a traceback comes by itself.
        record.message = record.getMessage()
        text = super().format(record)
        suffix = f" [{record.request_id}]" if getattr(record, "request_id", "") else ""
        head, *rest = without_secrets(text).split("\n")
        return "\n".join([head + suffix, *(f"    {line}" for line in rest)])


class JsonLineFormatter(JsonFormatter):
    """One JSON object a line, with all that is known of the record."""

    def __init__(self):
        super().__init__(
            ["asctime", "levelname", "name", "message", "request_id"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            # Django's own extras: the request as an object says nothing that the other fields do not.
            reserved_attrs=[*RESERVED, "request", "server_time"],
        )

    def format(self, record):
        return without_secrets(super().format(record))


RESERVED = [*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"]
