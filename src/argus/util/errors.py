"""What a service raises when it refuses: plain words for the person who asked, no HTTP."""


class DomainError(Exception):
    """A request that the rules of the domain refuse.

    ``message`` is a sentence for the caller. ``field`` names the part of the input at fault, if one is.
    ``messages`` is set instead when several parts are at fault: a mapping from field to sentence.
    """

    def __init__(self, message: str = "", *, field: str | None = None, messages: dict[str, str] | None = None):
        super().__init__(message or "; ".join((messages or {}).values()))
        self.message = message
        self.field = field
        self.messages = messages


class NotPermitted(DomainError):
    """The rules would allow it, but not to this actor."""


class Conflict(DomainError):
    """The rules would allow it, but not as things stand: another state has to come about first."""
