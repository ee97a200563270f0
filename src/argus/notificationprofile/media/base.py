"""What a medium is. Plugins import this module, and nothing else of Argus."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext


class PermanentFailure(Exception):
    """This message can never be delivered to this address: trying again is no use."""


class NotificationMedium(ABC):
    """A way to reach a person. A plugin inherits from it and fills in ``send``."""

    # Whether ``send`` needs a ``phone_number``; otherwise it writes to the user's e-mail address.
    needs_phone_number = False

    @staticmethod
    @abstractmethod
    def send(incident, user, **kwargs) -> None:
        """Hand the message to whoever carries it on; return when that one has taken it.

        ``incident`` and ``user`` are the objects concerned. ``kwargs`` always hold ``event``, ``profile`` (``None``
        once it is deleted), ``message`` (with ``subject``, ``text``, ``html`` and ``message_id``) and ``address``, and
        for media that need it ``phone_number`` in E.164. There may be more one day, so take ``**kwargs`` and ignore
        what you do not know.

        Raise ``PermanentFailure`` if it can never work. Any other exception means that it will be tried again. The same
        message may come twice when Argus could not tell whether it arrived: its ``message_id`` is the same then.
        """

    @classmethod
    def session(cls) -> AbstractContextManager[dict]:
        """Return a context in which several messages are sent, over one connection, say.

        It gives keyword arguments that ``send`` gets in addition. Beginning, sending and ending happen in one thread,
        and have the same time-out each. Whoever gives up waiting for a ``send`` leaves the session, from another thread
        then, and begins another session. Database connections are closed after each.
        """
        return nullcontext({})
