"""The rules of the house that a machine can keep."""

import logging
import re
import subprocess
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "argus"
MOST_LINES = 350

# Somebody's machine: a path from the root, not the tail of an address or of a longer path.
MACHINE_PATH = re.compile(r"(?<![\w.~*}\])-])/(?:home|root|work)/[\w.]|[.]pyenv/")


@pytest.fixture
def loggers_as_before():
    """The linter switches all loggers off that there are."""
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    before = [logger.disabled for logger in loggers]
    yield
    for logger, disabled in zip(loggers, before, strict=True):
        logger.disabled = disabled


def test_apps_import_only_from_the_floors_below_them(capsys, loggers_as_before):
    status = lint_imports(config_filename=str(ROOT / "setup.cfg"), cache_dir=None)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_module_has_outgrown_its_room():
    modules = [path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}

    assert lengths
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_no_file_speaks_of_the_machine_it_was_written_on():
    found = {}
    for name in tracked_files():
        path = ROOT / name
        if path.is_file() and (match := MACHINE_PATH.search(path.read_text(errors="replace"))):
            found[name] = match.group()

    assert found == {}


def tracked_files() -> list[str]:
    """What git knows of; the checkout may belong to another user than the one who tests."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name]
