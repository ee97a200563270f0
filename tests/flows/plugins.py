"""Media that misbehave, each towards one addressee only; all others are written to as ever."""

import sys
import time

from argus.notificationprofile.media.email import EmailNotification


class Moody(EmailNotification):
    """What it does depends on whom it is to write to."""

    @staticmethod
    def send(incident, user, *, address="", **kwargs):
        mood = address.partition("@")[0]
        if mood == "raises":
            raise ZeroDivisionError("half a \0 character \ud800")
        if mood == "hangs":
            time.sleep(60)
        if mood == "exits":
            sys.exit("I have had enough")
        if mood == "nonsense":
            return object()
        return EmailNotification.send(incident, user, address=address, **kwargs)
