"""The documentation names settings, commands, modules and files that exist."""

import ast
import importlib
import re
import runpy
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "argus"
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CONTRIBUTING.md",
        *DOCS.glob("*.[mr][ds]*"),
        *DOCS.glob("[!_]*/*.md"),
    ]
)
BY_PATH = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
RECORDS = sorted((DOCS / "adr").glob("0*.md"))
# Pages that name settings and modules of earlier versions.
HISTORICAL = {"upgrade.md"}


def variables_read(module: Path) -> set[str]:
    """The environment variables that a module asks for by name."""
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call) and node.args]
    return {call.args[0].value for call in calls if reads_environment(call.func) and is_variable(call.args[0])}


def reads_environment(function: ast.expr) -> bool:
    """Whether this is a method of ``settings.env.env``, or of ``os.environ``."""
    return isinstance(function, ast.Attribute) and ast.unparse(function.value) in {"env", "os.environ"}


def is_variable(argument: ast.expr) -> bool:
    """Whether this is a name written out, not one that the function was given."""
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str)


def first_cells(page: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)`", (DOCS / "reference" / page).read_text(), re.MULTILINE)


def test_settings_page_has_every_environment_variable_that_is_read_and_no_other():
    modules = [*SOURCE.glob("site/**/*.py"), *SOURCE.glob("*/management/**/*.py")]
    read = set().union(*map(variables_read, modules))

    assert sorted(first_cells("settings.md")) == sorted(read)


def test_commands_page_has_every_command_of_ours():
    ours = {name for name, app in get_commands().items() if str(app).startswith("argus.")}
    described = {cell.split()[0] for cell in first_cells("commands.md")}

    assert ours <= described


@BY_PATH
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@BY_PATH
def test_page_names_only_settings_that_exist(page):
    named = set(re.findall(r"\bARGUS_[A-Z0-9_]*[A-Z0-9]\b", page.read_text()))

    removed = set(re.findall(r'"([A-Z_]+)": ', (SOURCE / "site" / "settings" / "base.py").read_text()))

    if page.name not in HISTORICAL:
        assert sorted(named - (words_of_code() - removed)) == []


@BY_PATH
def test_page_names_only_modules_that_exist(page):
    text = re.sub(r"https?://\S+|\S*@\S+|argus\.(?:dump|sqlite3)\b", "", page.read_text())
    named = set(re.findall(r"\bargus(?:\.\w+)+", text))

    if page.name not in HISTORICAL:
        assert [name for name in sorted(named - words_of_code()) if not can_be_imported(name)] == []


@BY_PATH
def test_page_names_only_source_files_that_exist(page):
    folders = [ROOT, ROOT / "src", SOURCE]
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", page.read_text())

    if page.name not in HISTORICAL:
        assert [path for path in named if not any((folder / path).exists() for folder in folders)] == []


@cache
def words_of_code() -> set[str]:
    """Settings and dotted names in the code and in what is shipped with it: modules, loggers, ids of checks."""
    files = [
        *SOURCE.rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "deploy").iterdir(),
        ROOT / "docker-compose.yml",
    ]
    return set().union(*(re.findall(r"ARGUS_[A-Z0-9_]+|\bargus(?:\.\w+)+", file.read_text()) for file in files))


def can_be_imported(dotted: str) -> bool:
    """Whether this names a module or package, or an attribute of one."""
    parts = dotted.split(".")
    if any((ROOT / "src").joinpath(*parts).with_suffix(suffix).exists() for suffix in ("", ".py")):
        return True
    module = importlib.import_module(".".join(parts[:-1])) if can_be_imported(".".join(parts[:-1])) else None
    return hasattr(module, parts[-1])


def test_readme_maps_every_app_and_every_command_of_make_that_it_names():
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    apps = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}

    assert set(re.findall(r"`src/argus/(\w+)/`", readme)) == apps
    goals = re.findall(r"(?:^|`|=\d+ )make ([a-z]+)", readme, re.MULTILINE)
    assert [goal for goal in goals if not re.search(rf"^{goal}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("package", sorted(path.parent.name for path in SOURCE.glob("*/__init__.py")))
def test_architecture_page_has_every_module(package):
    page = (DOCS / "architecture.md").read_text()
    section = page.split(f"\n### `{package}`")[1].split("\n#")[0]
    first_column = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    described = {name.rstrip("/") for cell in first_column for name in re.findall("`([^`]+)`", cell)}
    folders = {path.parent.name for path in (SOURCE / package).glob("*/__init__.py")}
    modules = {path.stem for path in (SOURCE / package).glob("*.py")}
    own = (folders - {"admin", "api", "management", "migrations"}) | (modules - {"__init__", "admin", "apps"})

    assert sorted(described) == sorted(own)


def test_every_environment_variable_of_the_template_is_on_the_settings_page():
    template = (ROOT / "cmd.sh-template").read_text()
    named = set(re.findall(r"^#? ?export ([A-Z_]+)=", template, re.MULTILINE))

    assert named
    assert named <= set(first_cells("settings.md"))


def test_changelog_fragments_are_named_as_agreed():
    others = {"README.md", "template.md.jinja"}
    fragments = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name not in others]

    pattern = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed|security)\.md")
    assert [name for name in fragments if not pattern.fullmatch(name)] == []


def test_diagram_draws_every_table_and_a_line_for_every_reference():
    diagram = runpy.run_path(str(DOCS / "er_diagram.py"))
    ours = [model for model in apps.get_models() if model.__module__.startswith("argus.")]
    drawing = diagram["draw_diagram"](ours)
    references = [field for model in ours for field in model._meta.fields if field.related_model in ours]

    assert set(re.findall(r'class="name"[^>]*>(\w+)<', drawing)) == {model.__name__ for model in ours}
    assert drawing.count("<path ") == len(references) > 10


def test_glossary_is_in_alphabetical_order():
    entries = re.findall(r"(?:^|\n\n)((?:\w.*\n)+)    ", glossary())
    first_terms = [entry.splitlines()[0] for entry in entries]

    assert first_terms == sorted(first_terms, key=str.lower)


def test_glossary_has_every_model():
    terms = set(re.findall(r"^(\w.*)$", glossary(), re.MULTILINE))
    ours = [model for model in apps.get_models() if model.__module__.startswith("argus.")]
    names = {re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower() for model in ours}

    assert sorted(names - terms) == []


def glossary() -> str:
    return (DOCS / "glossary.md").read_text().split("```{glossary}\n")[1].split("```")[0]


@pytest.mark.parametrize("record", RECORDS, ids=[record.stem for record in RECORDS])
def test_decision_record_follows_the_template(record):
    template = (DOCS / "adr" / "template.md").read_text()
    text = record.read_text()

    assert text.startswith(f"# {int(record.stem[:4])}. ")
    assert re.findall("^## .*", text, re.MULTILINE) == re.findall("^## .*", template, re.MULTILINE)
    assert text.splitlines()[2].startswith("Status: ")


def test_pictures_of_the_readme_have_a_text_and_are_small():
    pictures = re.findall(r"!\[(.*?)\]\((\S+?)\)", (ROOT / "README.md").read_text())

    assert {Path(file).parent for _, file in pictures} == {Path("docs/pictures")}
    for text, file in pictures:
        assert len(text) > 20
        assert 10_000 < (ROOT / file).stat().st_size <= 200_000
