"""Several web processes that share a port."""

import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from weakref import WeakKeyDictionary

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

log = logging.getLogger(__name__)


class Supervisor(Multiprocess):
    """uvicorn's, that waits for nobody: one process that is busy keeps no other, which is dead, from being replaced.

    Twice a second each is looked at. Who is dead is replaced; who lives has ``timeout_worker_healthcheck`` seconds to
    say so, and is taken for dead after that.
    """

    def __init__(self, config: Config, sockets: list):
        super().__init__(config, sockets)
        self.asked: WeakKeyDictionary[Process, float] = WeakKeyDictionary()

    def keep_subprocess_alive(self) -> None:
        if self.should_exit.is_set():
            return
        for index, process in enumerate(self.processes):
            if self.lives(process):
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                # So would the next one; uvicorn ends all of them, too.
                log.error("Process %s could not begin to serve.", process.pid)
                self.should_exit.set()
                return
            log.error("Process %s ended with %s and is replaced.", process.pid, process.exitcode)
            self.processes[index] = Process(self.config, self.sockets)
            self.processes[index].start()

    def lives(self, process: Process) -> bool:
        """Whether it is there and has answered in time; asks it again if it has."""
        try:
            if process.parent_conn.poll():
                process.parent_conn.recv()
                self.asked.pop(process, None)
            if process not in self.asked:
                process.parent_conn.send(b"ping")
                self.asked[process] = time.monotonic()
        except (OSError, EOFError, pickle.UnpicklingError):
            return False
        waiting = time.monotonic() - self.asked[process]
        return process.process.is_alive() and waiting < self.config.timeout_worker_healthcheck


def end_with_supervisor() -> None:
    """In one of several processes: end in order when the supervisor has been killed, so that the port is free again."""
    if supervisor := multiprocessing.parent_process():
        threading.Thread(target=end_after, args=[supervisor], name="supervised", daemon=True).start()


def end_after(supervisor) -> None:
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)
