"""The embedded default's own signing key: made once, kept in a file that only its owner can read."""

import os
from contextlib import suppress
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from .env import Misconfigured


def kept_secret(path: Path) -> str:
    """Return the key stored at ``path``; make the file first if it is missing.

    Two processes that start together agree on one key: the file appears whole or not at all, and the first one wins.
    """
    try:
        if not path.exists():
            make_secret(path)
        return path.read_text().strip()
    except OSError as error:
        raise Misconfigured(f"ARGUS_VAR_DIR must be a folder that can be written to: {error}") from None


def make_secret(path: Path) -> None:
    """Write a new key, unless somebody else is faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(get_random_secret_key())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
