"""What processes have used of the processor, and what is left of it for them: from /proc, not from a clock."""

import os
from dataclasses import dataclass

import psutil

CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Cpu:
    """Seconds in a program's own code and in the kernel on its behalf."""

    user: float = 0.0
    system: float = 0.0

    @property
    def total(self) -> float:
        return self.user + self.system

    def __add__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user + other.user, self.system + other.system)

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.user - other.user, self.system - other.system)


def cpu_of(pid: int, *, children: bool = True) -> Cpu:
    """Return what the process has used so far, with all that it has started, living and ended."""
    process = psutil.Process(pid)
    processes = [process, *(process.children(recursive=True) if children else [])]
    used = Cpu()
    for one in processes:
        times = one.cpu_times()
        used += Cpu(times.user, times.system)
        if children:
            used += Cpu(times.children_user, times.children_system)
    return used


def cpu_of_machine() -> float:
    """Return the seconds in which all cores of the machine together were not idle, since it was started."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
