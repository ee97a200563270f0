"""The ``Authorization`` header."""

# ``Token`` is the documented scheme; many programs can send only ``Bearer``.
TOKEN_SCHEMES = {"token", "bearer"}


def parse_token(header: str) -> str | None:
    """Return the token in a header of the scheme Token or Bearer, in any case. Return ``None`` for other schemes."""
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() in TOKEN_SCHEMES else None
