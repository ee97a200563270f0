"""Settings from environment variables. Nonsense is refused at start, in one line that names the variable."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

TRUE = {"1", "on", "true", "yes"}
FALSE = {"0", "off", "false", "no"}


class Misconfigured(ImproperlyConfigured, SystemExit):
    """A setting is missing or makes no sense. Whatever process reads it ends, with this one line and no traceback."""

    def __init__(self, message: str):
        super().__init__(message)
        self.code = f"argus: {message}"


# Variables of earlier versions, and what replaces them.
REMOVED = {
    "ARGUS_WEB_PROCESSES": "WEB_CONCURRENCY or gunicorn's --workers",
    "ARGUS_WEB_THREADS": "gunicorn's --threads",
}


def refuse_removed() -> None:
    """Refuse variables that have no effect any more."""
    for name, replacement in REMOVED.items():
        if os.environ.get(name, "").strip():
            raise Misconfigured(f"{name} has been removed: use {replacement}")


def env_str(name: str, default: str | None = None) -> str:
    """Return the variable's text. Without a default it must be set and not be empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise Misconfigured(f"{name} must be set")
    return default


def env_bool(name: str, default: bool) -> bool:
    """Read 1/on/true/yes or 0/off/false/no, in any case."""
    value = env_str(name, "").lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise Misconfigured(f"{name} must be one of 1/on/true/yes or 0/off/false/no, not {value!r}")


def env_int(name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
    """Read a whole number that is neither below ``minimum`` nor above ``maximum``."""
    value = env_str(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise Misconfigured(f"{name} must be a whole number, not {value!r}") from None
    if number < minimum:
        raise Misconfigured(f"{name} must be at least {minimum}, not {number}")
    if number > maximum:
        raise Misconfigured(f"{name} must be at most {maximum}, not {number}")
    return number


def env_port(name: str, default: int) -> int:
    """Read the number of a TCP port."""
    return env_int(name, default, minimum=1, maximum=65_535)


def env_choice(name: str, default: str, choices: list[str]) -> str:
    """Read one of some words, in any case; return it in upper case."""
    value = env_str(name, default).upper()
    if value not in choices:
        raise Misconfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def env_zone(name: str, default: str) -> str:
    """Read the name of a time zone."""
    value = env_str(name, default)
    if value not in available_timezones():
        raise Misconfigured(f"{name} must be a time zone such as Europe/Oslo, not {value!r}")
    return value


def env_secret(name: str, *, shortest: int = 32) -> str:
    """Read something that nobody may guess. It is never repeated."""
    value = env_str(name)
    if len(value) < shortest:
        raise Misconfigured(f"{name} must have at least {shortest} characters")
    return value


def env_list(name: str, default: list[str]) -> list[str]:
    """Read a comma-separated list; blanks and empty items are dropped."""
    items = [item.strip() for item in env_str(name, "").split(",")]
    return [item for item in items if item] or default


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Read a comma-separated list of IP addresses and networks."""
    try:
        return [ip_network(item) for item in env_list(name, [])]
    except ValueError as error:
        raise Misconfigured(f"{name} must be IP addresses or networks: {error}") from None


def env_url(name: str, default: str | None = None) -> str:
    """Read an http(s) URL and return it without a trailing slash."""
    value = env_str(name, default)
    if not value:
        return value
    parts = split_url(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Misconfigured(f"{name} must be an http or https URL")
    if parts.username or parts.password:
        raise Misconfigured(f"{name} must be a URL without user name and password")
    return value.rstrip("/")


def split_url(url: str) -> SplitResult | None:
    """Take a URL apart; None if its host or port cannot be read."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def origin_of(url: str) -> str:
    """Cut a URL down to what a browser sends as ``Origin``: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def env_redis(name: str, default: str) -> str:
    """Read the address of a Redis or Valkey."""
    url = env_str(name, default)
    if url and getattr(split_url(url), "scheme", "") not in {"redis", "rediss", "unix"}:
        # the URL may hold a password: it is not repeated here
        raise Misconfigured(f"{name} must be a redis, rediss or unix URL")
    return url


def channel_layer(redis_url: str) -> dict:
    """Return Channels' dictionary for a layer in Redis, or in memory if there is none."""
    if not redis_url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    # Nothing waits for a Redis that is away: whoever needs it tries again later.
    host = {"address": redis_url, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 1)}
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [host], "prefix": "argus"},
    }


def env_database(name: str, default: str | None = None) -> dict:
    """Read a database URL into Django's dictionary."""
    return parse_database(env_str(name, default), name=name)


def parse_database(url: str, *, name: str) -> dict:
    """Return Django's dictionary for a database: persistent connections, and SQLite made fit for writers.

    A refusal speaks of the URL as ``name``.
    """
    try:
        database = dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True)
    except (ValueError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError):
        # the URL holds a password: it is not repeated here
        raise Misconfigured(f"{name} is not a database URL that can be read") from None
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["ENGINE"] = "argus.util.postgresql"
        database["OPTIONS"] = {**POSTGRES_OPTIONS, **database.get("OPTIONS", {})}
    elif database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {**SQLITE_OPTIONS, **database.get("OPTIONS", {})}
    return database


# A server that has vanished without a word is noticed: when connecting, when nothing comes, and when what was sent is
# not acknowledged (that in milliseconds, all else in seconds).
POSTGRES_OPTIONS = {
    "connect_timeout": 3,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

# Writers queue up instead of failing (an immediate transaction waits where an upgraded one cannot), readers never wait.
SQLITE_OPTIONS = {
    "timeout": 30,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;",
}
