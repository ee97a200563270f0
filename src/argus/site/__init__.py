"""Settings, URLs, entry points of servers, health checks and metrics."""

VERSION = "1.0.0"
