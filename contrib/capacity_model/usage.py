"""Processor time of processes and of the machine, from /proc."""

import os
from dataclasses import dataclass

import psutil

CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Cpu:
    """Processor seconds in user mode and in the kernel."""

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
    """Return the processor time of the process and its children, including those that have ended."""
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
    """Return the busy seconds of all cores since the machine started."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
