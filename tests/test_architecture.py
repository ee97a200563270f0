"""Rules about the code that a program can check: layers, lengths, no paths of one machine."""

import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "argus"
MAX_MODULE_LINES = 300

# A path from the root of one machine, not the end of a URL or of a longer path.
MACHINE_PATH = re.compile(r"(?<![\w.~*}\])-])/(?:home|root|work)/[\w.]|[.]pyenv/")


@pytest.fixture
def restored_loggers() -> Iterator[None]:
    """Enable the loggers again that import-linter disables."""
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    before = [logger.disabled for logger in loggers]
    yield
    for logger, disabled in zip(loggers, before, strict=True):
        logger.disabled = disabled


def test_packages_import_only_from_layers_below(capsys, restored_loggers):
    status = lint_imports(config_filename=str(ROOT / "setup.cfg"), cache_dir=None)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_modules_are_short():
    modules = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}

    assert lengths
    assert {name: length for name, length in lengths.items() if length > MAX_MODULE_LINES} == {}


def test_no_file_names_a_path_of_one_machine():
    found = {}
    for name in list_tracked_files():
        path = ROOT / name
        if path.is_file() and (match := MACHINE_PATH.search(path.read_text(errors="replace"))):
            found[name] = match.group()

    assert found == {}


def list_tracked_files() -> list[str]:
    """Return the paths that git tracks. The checkout may belong to another user than the one who runs the tests."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name]
