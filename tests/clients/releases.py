"""Releases of the published client: the newest is installed, 0.2 is in its own directory.

``python -m tests.clients.releases`` installs it there, as ``make test`` does; otherwise the first test does.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).with_name("pyargus-0.2.txt")
OLDEST = Path(sys.prefix) / "pyargus-0.2"


def oldest_release() -> Path:
    """Return the directory of release 0.2, installed if missing. Safe to call from several processes."""
    if not OLDEST.exists():
        draft = OLDEST.with_name(f"{OLDEST.name}.{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--target", str(draft), "-r", str(PINS)], check=True, stdin=subprocess.DEVNULL)
        with contextlib.suppress(OSError):
            draft.rename(OLDEST)
        shutil.rmtree(draft, ignore_errors=True)
    return OLDEST


if __name__ == "__main__":
    oldest_release()
