"""Settings, URLs, entry points of servers, health checks and metrics."""

# YYYY.MM of a release, or of the next one with .dev0 (ADR 26).
VERSION = "2026.12.dev0"
