"""The releases of the published client: the newest is installed, 0.2 stands in a folder of its own beside it.

``python -m tests.clients.releases`` puts it there, as ``make test`` does; else the first test that wants it does.
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
    """Return the folder that has release 0.2 in it. Several processes may ask at once."""
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
