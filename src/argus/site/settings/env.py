"""Settings from environment variables, parsed by environs.

All invalid variables are reported at once by ``env.report()``, each in a line that names it. Values are never repeated:
they may be secrets. A blank variable counts as not set, because compose files pass blank ones.
"""

import os
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

import dj_database_url
import environs
from django.core.exceptions import ImproperlyConfigured
from environs import ValidationError, validate
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# Bounds of numbers: those that fit into a column of the database.
POSITIVE = validate.Range(min=1, max=2**31 - 1)
NOT_NEGATIVE = validate.Range(min=0, max=2**31 - 1)
PORT = validate.Range(min=1, max=65_535)

# What an administrator writes for a variable that must be set.
EXAMPLES = {
    "SECRET_KEY": "the output of: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
    "DATABASE_URL": "postgresql://argus:PASSWORD@localhost:5432/argus",
    "STATIC_ROOT": "/srv/argus/static",
    "EMAIL_HOST": "smtp.example.org",
    "DEFAULT_FROM_EMAIL": "argus@example.org",
    "ARGUS_COOKIE_DOMAIN": "example.org",
    "ARGUS_DATAPORTEN_KEY": "the client id that the provider shows",
    "ARGUS_DATAPORTEN_SECRET": "the client secret that the provider shows",
    "ARGUS_OIDC_ENDPOINT": "https://login.example.org/realms/noc",
    "ARGUS_OIDC_KEY": "the client id that the provider shows",
    "ARGUS_OIDC_SECRET": "the client secret that the provider shows",
}
PREFIX = "ARGUS_"
NOT_SET = "Environment variable not set."


class SettingsError(ImproperlyConfigured, SystemExit):
    """Settings are missing or invalid. The process ends with these lines and without a traceback."""

    def __init__(self, lines: list[str]):
        super().__init__("\n".join(lines))
        self.lines = lines
        self.code = "\n".join(f"argus: {line}" for line in lines)


class Env(environs.Env):
    """Read environment variables; keep errors for ``report``. Until then, an invalid variable is read as None."""

    # The names of all variables that any instance has read, also those of removed variables.
    names: ClassVar[set[str]] = set()
    removed_names: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__(eager=False)
        for name, parser in PARSERS.items():
            self.add_parser(name, parser)

    def _get_value(self, env_key: str, default: Any) -> Any:
        self.names.add(env_key)
        return os.environ.get(env_key, "").strip() or default

    def require(self, *names: str) -> None:
        """Note an error for each variable that is not set."""
        for name in names:
            self.str(name)

    def refuse_removed(self, replacements: dict[str, str]) -> None:
        """Note an error for each variable of an earlier version that is still set, with its replacement."""
        self.removed_names.update(replacements)
        for name, replacement in replacements.items():
            self.removed(name, "", replacement=replacement)

    def report(self) -> None:
        """Raise ``SettingsError`` with all errors so far.

        ``seal`` of environs would forget them. Django imports the settings a second time, to raise them again.
        """
        if self._errors:
            found = [(name, message) for name, messages in self._errors.items() for message in messages]
            lines = [f"{name}: {describe(name, message)}" for name, message in found]
            raise SettingsError(list(dict.fromkeys(lines)))


def describe(name: str, message: str) -> str:
    """Return the message of an error in our words, for a missing variable with an example."""
    if message != NOT_SET:
        return message
    return f"must be set, for example to {EXAMPLES[name]}" if name in EXAMPLES else "must be set."


def unknown_variables(others: Iterable[str] = ()) -> dict[str, str]:
    """Return each ARGUS_ variable that is set, but never read, with the most similar known name or an empty string.

    ``others`` are names that are read without ``Env``. Call this after all settings modules have been imported.
    """
    known = (Env.names - Env.removed_names) | set(others)
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known | Env.removed_names)
    # The common prefix would make all names similar.
    candidates = {name.removeprefix(PREFIX): name for name in sorted(known)}
    matches = {name: get_close_matches(name.removeprefix(PREFIX), candidates, n=1) for name in unknown}
    return {name: candidates[found[0]] if found else "" for name, found in matches.items()}


def parse_word(value: str, *, choices: list[str]) -> str:
    """Return one of some words, in upper case."""
    if value.upper() not in choices:
        raise ValidationError(f"Must be one of: {', '.join(choices)}.")
    return value.upper()


def parse_items(value: str | list[str]) -> list[str]:
    """Return the items of a comma-separated list without blanks."""
    items = value.split(",") if isinstance(value, str) else value
    return [item.strip() for item in items if item.strip()]


def parse_networks(value: str) -> list[IPv4Network | IPv6Network]:
    """Return a comma-separated list of IP addresses and networks."""
    try:
        return [ip_network(item) for item in parse_items(value)]
    except ValueError as error:
        raise ValidationError(f"Must be IP addresses or networks: {error}.") from None


def parse_http_url(value: str) -> str:
    """Return an http(s) URL without a trailing slash."""
    parts = split_url(value)
    if value and (parts is None or parts.scheme not in {"http", "https"} or not parts.hostname):
        raise ValidationError("Must be an http or https URL.")
    if parts and (parts.username or parts.password):
        raise ValidationError("Must be a URL without user name and password.")
    return value.rstrip("/")


def parse_https_url(value: str) -> str:
    """Return an https URL: what it carries must not be readable on the way."""
    if value and not value.startswith("https://"):
        raise ValidationError("Must be an https URL.")
    return value


def parse_redis_url(value: str) -> str:
    """Return the URL of a Redis or Valkey server."""
    if value and getattr(split_url(value), "scheme", "") not in {"redis", "rediss", "unix"}:
        raise ValidationError("Must be a redis, rediss or unix URL.")
    return value


def parse_database_url(value: str) -> dict[str, Any]:
    """Return Django's settings of a database, with persistent connections."""
    try:
        database: dict[str, Any] = {**dj_database_url.parse(value, conn_max_age=600, conn_health_checks=True)}
    except (ValueError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError):
        raise ValidationError("Not a valid database URL.") from None
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["ENGINE"] = "argus.util.postgresql"
        database["OPTIONS"] = {**POSTGRESQL_OPTIONS, **database.get("OPTIONS", {})}
    elif database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {**SQLITE_OPTIONS, **database.get("OPTIONS", {})}
    return database


def parse_removed(value: str, *, replacement: str) -> str:
    """Refuse a variable of an earlier version."""
    if value:
        raise ValidationError(f"Has been removed. Use {replacement}.")
    return value


PARSERS: dict[str, Callable[..., Any]] = {
    "word": parse_word,
    "items": parse_items,
    "networks": parse_networks,
    "http_url": parse_http_url,
    "redis_url": parse_redis_url,
    "database_url": parse_database_url,
    "removed": parse_removed,
}

# Time limits for an unreachable server, in seconds; the last one is in milliseconds.
POSTGRESQL_OPTIONS = {
    "connect_timeout": 3,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

# Writers wait for each other instead of failing; a transaction that begins as a reader could not. Readers never wait.
SQLITE_OPTIONS = {
    "timeout": 30,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;",
}


def split_url(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None if its host or port cannot be read."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as browsers send them in ``Origin``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def channel_layer(redis_url: str | None) -> dict[str, Any]:
    """Return Channels' settings of a layer in Redis, or in memory without a URL."""
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    # No retries: callers must not wait while Redis is unavailable.
    host = {"address": redis_url, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 1)}
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [host], "prefix": "argus"},
    }


# Shared by the modules of this package. A settings module of your own that reads more makes another ``Env()``.
env = Env()
