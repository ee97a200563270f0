"""The signing key of the embedded default: created once, in a file that only its owner can read."""

import os
from contextlib import suppress
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from .env import SettingsError


def kept_secret(path: Path) -> str:
    """Return the key stored at ``path``; create the file first if it is missing.

    Processes that start together use the same key: the file appears complete, and only the first one is kept.
    """
    try:
        if not path.exists():
            create_secret(path)
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError([f"ARGUS_VAR_DIR: Must be a writable folder: {error}."]) from None


def create_secret(path: Path) -> None:
    """Write a new key, unless another process is faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(get_random_secret_key())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
