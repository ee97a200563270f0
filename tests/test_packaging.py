"""What setup.cfg promises, and that requirements/ keeps to it."""

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from argus.site import VERSION

ROOT = Path(__file__).parent.parent
PIN_FILES = sorted(path.stem for path in (ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def setup_cfg() -> ConfigParser:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    return config


def test_distribution_is_named_versioned_and_licensed_as_promised(setup_cfg):
    metadata = setup_cfg["metadata"]

    assert metadata["name"] == "argus-server"
    assert metadata["version"] == "attr: argus.site.VERSION"
    assert metadata["license"] == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text()


def test_version_is_year_and_month_and_larger_than_that_of_other_packages_of_the_name():
    version = Version(VERSION)

    assert str(version) == VERSION
    assert 2026 <= version.major < 2100
    assert 1 <= version.minor <= 12


def test_every_fragment_is_in_the_next_changelog():
    pytest.importorskip("towncrier", reason="only developers have it")
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next"]
    draft = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert len(re.findall("^- ", draft, re.MULTILINE)) >= len(list((ROOT / "changelog.d").glob("*.*.md")))


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_supported_pythons_are_in_range_and_listed(setup_cfg, python):
    assert Version(python) in SpecifierSet(setup_cfg["options"]["python_requires"])
    assert f"Programming Language :: Python :: {python}" in setup_cfg["metadata"]["classifiers"]


def test_every_requirement_has_a_pin_within_its_range(setup_cfg):
    assert unmet(setup_cfg["options"]["install_requires"], pins("base")) == []


@pytest.mark.parametrize("extra", ["prod", "docs", "test", "dev"])
def test_every_extra_has_pins_within_its_ranges(setup_cfg, extra):
    assert unmet(setup_cfg["options.extras_require"][extra], pins(extra)) == []


@pytest.mark.parametrize("name", PIN_FILES)
def test_pins_of_all_files_agree(name):
    everything = pins("dev") | pins("prod")

    assert pins(name).items() <= everything.items()


@pytest.mark.parametrize("name", PIN_FILES)
def test_pins_name_neither_an_index_nor_a_path(name):
    lines = [line for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines() if line[:1] != "#"]

    assert [line for line in lines if "/" in line or line.startswith("-")] == []


def unmet(requirements: str, pinned: dict[str, Version]) -> list[str]:
    """The requirements, one a line, that no pin satisfies. Comments and our own extras do not count."""
    wanted = [Requirement(line) for line in requirements.splitlines() if line and not line.startswith("#")]
    others = [requirement for requirement in wanted if requirement.name != "argus-server"]
    return [str(one) for one in others if pinned.get(canonicalize_name(one.name), Version("0")) not in one.specifier]


def pins(name: str) -> dict[str, Version]:
    """The versions that requirements/<name>.txt gives."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): Version(next(iter(one.specifier)).version) for one in parsed}
