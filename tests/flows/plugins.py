"""A medium that fails in several ways, each for one address."""

import sys
import time

from argus.notificationprofile.media.email import EmailNotification


class Failing(EmailNotification):
    """Fail as the local part of the address says; send e-mail to other addresses."""

    @staticmethod
    def send(incident, user, *, address="", **kwargs):
        failure = address.partition("@")[0]
        if failure == "raises":
            raise ZeroDivisionError("half a \0 character \ud800")
        if failure == "hangs":
            time.sleep(60)
        if failure == "exits":
            sys.exit("exit from a medium")
        if failure == "nonsense":
            return object()
        return EmailNotification.send(incident, user, address=address, **kwargs)
