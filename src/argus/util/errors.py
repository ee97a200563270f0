"""Errors that services raise when a rule refuses a request. They know nothing of HTTP."""


class DomainError(Exception):
    """A rule refuses the request.

    ``message`` is a sentence for the client. ``field`` names the input field at fault, if there is one.
    ``messages`` is set instead if several fields are at fault: a sentence for each field.
    """

    def __init__(self, message: str = "", *, field: str | None = None, messages: dict[str, str] | None = None) -> None:
        super().__init__(message or "; ".join((messages or {}).values()))
        self.message = message
        self.field = field
        self.messages = messages


class NotPermittedError(DomainError):
    """The actor lacks the permission."""


class ConflictError(DomainError):
    """The current state of the object does not allow the request."""
