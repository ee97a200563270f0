"""Where several web processes count together: a folder that lasts as long as they do."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "argus-figures-"


def shared_folder() -> str:
    """Return where this process counts together with others; empty if it counts alone."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


@contextmanager
def counting_together() -> Iterator[None]:
    """A block in which the processes that are started share a folder for their figures.

    One that is named in the environment is used as it is, and stays: other servers of this host may count there, too.
    """
    if shared_folder():
        yield
        return
    remove_abandoned_folders()
    # The name tells whose it is; what follows is no one's guess.
    folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield
    finally:
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR")
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned_folders() -> None:
    """Remove what servers that were killed could not; in a container the one before us had our number."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and is_ours(folder) and (int(owner) == os.getpid() or not is_running(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)


def is_ours(folder: Path) -> bool:
    try:
        return folder.lstat().st_uid == os.geteuid()
    except FileNotFoundError:
        return False


def is_running(pid: int) -> bool:
    """Tell whether there is such a process, whoever it belongs to."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
