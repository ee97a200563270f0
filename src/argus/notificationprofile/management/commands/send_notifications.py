"""``manage.py send_notifications``: tells people what they asked to be told."""

import os
import signal

from argus.notificationprofile.worker import Worker
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Send notifications until SIGTERM or Ctrl-C. Any number of these may run, on any number of machines."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="send what is due now, and end")
        parser.add_argument("--parent", type=int, metavar="PID", help="end when this parent process has gone")

    def handle(self, *, once: bool, parent: int | None, **options):
        worker = Worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if once:
            while worker.work() and not worker.stopping.is_set():
                pass
        else:
            worker.run(is_wanted=lambda: parent in (None, os.getppid()))
