"""The top floor: settings, addresses, the server."""

VERSION = "1.0.0"
