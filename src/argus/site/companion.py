"""A second process beside the web server, started again whenever it ends."""

import logging
import os
import subprocess
import sys
import threading

log = logging.getLogger(__name__)

PAUSE = 1.0
LONGEST_STOP = 15.0


class Companion:
    """A management command in a process of its own, as long as this object is in its ``with`` block.

    The command gets ``--parent`` with our process id, so that it can end by itself when we are killed.
    """

    def __init__(self, command: str):
        self.command = [sys.executable, "-m", "django", command, "--parent", str(os.getpid())]
        self.stopping = threading.Event()
        # Held while it is decided whether there is to be another process.
        self.deciding = threading.Lock()
        self.process: subprocess.Popen | None = None
        self.keeper = threading.Thread(target=self.keep, daemon=True)

    def __enter__(self):
        self.start()
        self.keeper.start()
        return self

    def __exit__(self, *exception):
        with self.deciding:
            self.stopping.set()
        self.process.terminate()
        try:
            self.process.wait(LONGEST_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.keeper.join()

    def start(self) -> None:
        # A checkout is on our path only because manage.py has put it there. Ctrl-C is ours to pass on.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = subprocess.Popen(self.command, env=environment, start_new_session=True)

    def keep(self) -> None:
        """Wait for the process to end, and start another one unless we are stopping."""
        while True:
            code = self.process.wait()
            self.stopping.wait(PAUSE)
            with self.deciding:
                if self.stopping.is_set():
                    return
                log.error("%s ended with %s and is started again.", self.command[3], code)
                self.start()
