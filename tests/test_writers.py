"""Only the named modules write incidents (architecture, rule 1). The syntax trees of ``src`` show it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "argus"
WRITERS = {f"incident/{name}.py" for name in ("services", "creation", "sync", "tags", "changes")}
# Columns that follow from the lifecycle, and the rows of an incident's history, tags and changes.
COLUMNS = {"end_time", "acked_until"}
MODELS = {"Incident", "Event", "Acknowledgement", "Tag", "IncidentTagRelation", "Change"}
RELATIONS = {"events", "tags", "tag_relations"}
METHODS = {"create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "add", "set"}
EXCEPTIONS = {
    # Workers mark the changes that they have routed.
    ("notificationprofile/routing.py", "update Change"),
    # A formset shows objects that are not saved; the form saves by ``services.change_tags``.
    ("incident/admin/forms.py", "create IncidentTagRelation"),
    ("incident/admin/forms.py", "create Tag"),
    # A test message is about an event that is not stored.
    ("notificationprofile/test_message.py", "create Event"),
    ("notificationprofile/test_message.py", "create Incident"),
    # Generates a file for ``loaddata``.
    ("incident/fixtures/generate_fixtures.py", "assign acked_until"),
    ("incident/fixtures/generate_fixtures.py", "assign end_time"),
}


def modules() -> Iterator[Path]:
    return (path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts)


def imported_models(tree: ast.AST) -> set[str]:
    """Return the models that the module imports. Other classes may have the same names."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module)
    return {name.name for node in imports if node.module.endswith("models") for name in node.names} & MODELS


def writes(tree: ast.AST, models: set[str] = MODELS) -> Iterator[str]:
    """Yield what the module writes of incidents."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets):
                yield from (f"assign {one.attr}" for one in attributes(*targets) if one.attr in COLUMNS)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                yield from (f"assign {one.attr}" for one in attributes(target) if one.attr in COLUMNS)
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=name), *_]) if name in COLUMNS:
                yield f"assign {name}"
            case ast.Call(func=ast.Name(id=name)) if name in models:
                yield f"create {name}"
            case ast.Call(func=ast.Attribute(attr=method, value=value), keywords=keywords):
                names = {word.arg for word in keywords}
                if method == "update":
                    yield from (f"update {name}" for name in names & COLUMNS)
                    yield from (f"update {name}" for name in mentioned(value) & (models - {"Incident"}))
                elif method in METHODS:
                    yield from (f"{method} {name}" for name in mentioned(value) & (models | RELATIONS))


def attributes(*targets: ast.AST) -> Iterator[ast.Attribute]:
    """Yield the attributes that are assigned, also in tuples."""
    for target in targets:
        yield from (
            one for one in ast.walk(target) if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
        )


def mentioned(value: ast.AST) -> set[str]:
    """Return the names in a chain such as ``Event.objects.filter(...)`` or ``incident.events``, without arguments."""
    names = set()
    while True:
        match value:
            case ast.Attribute(attr=attr, value=inner):
                names.add(attr)
                value = inner
            case ast.Call(func=inner):
                value = inner
            case ast.Name(id=name):
                return names | {name}
            case _:
                return names


def test_only_the_services_write_incidents():
    found = set()
    for path in modules():
        tree = ast.parse(path.read_text())
        found |= {(path.relative_to(SOURCE).as_posix(), what) for what in writes(tree, imported_models(tree))}
    assert found >= EXCEPTIONS
    assert sorted((name, what) for name, what in found - EXCEPTIONS if name not in WRITERS) == []


@pytest.mark.parametrize(
    "code",
    [
        "incident.end_time = now",
        "old, incident.acked_until = incident.acked_until, None",
        "setattr(incident, 'end_time', now)",
        "Incident.objects.filter(pk=1).update(end_time=now)",
        "queryset.update(acked_until=None)",
        "Event(incident=incident)",
        "Event.objects.create(incident=incident)",
        "Event.objects.filter(pk=1).update(type='CLO')",
        "incident.events.create(type='CLO')",
        "incident.tags.set([])",
        "Incident.objects.bulk_update(incidents, ['end_time'])",
        "Acknowledgement.objects.bulk_create(acks)",
    ],
)
def test_writes_are_recognised(code):
    assert list(writes(ast.parse(code)))


@pytest.mark.parametrize("code", ["incident.end_time == now", "Event.objects.filter(type='CLO')", "form.end_time"])
def test_reads_are_no_writes(code):
    assert list(writes(ast.parse(code))) == []
