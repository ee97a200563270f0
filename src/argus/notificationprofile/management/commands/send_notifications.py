"""``manage.py send_notifications``: run a notification worker."""

import os
import signal
from typing import Any

from django.core.management.base import CommandParser

from argus.notificationprofile.worker import Worker
from argus.util.commands import ArgusCommand


class Command(ArgusCommand):
    help = "Send notifications until SIGTERM or Ctrl-C. Any number of workers can run, on any number of machines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, and exit")
        parser.add_argument("--parent", type=int, metavar="PID", help="exit when this parent process has ended")

    def handle(self, *args: Any, once: bool, parent: int | None, **options: Any) -> None:
        worker = Worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if once:
            while worker.work() and not worker.stopping.is_set():
                pass
        else:
            worker.run(is_wanted=lambda: parent in (None, os.getppid()))
