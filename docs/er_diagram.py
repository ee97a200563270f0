"""Draw the tables of Argus and their foreign keys as SVG, from the models.

A table is placed in the first column to the right of all tables it refers to, so every line runs to the left.
"""

from html import escape
from pathlib import Path

from django.apps import apps
from django.db.models import Field, Model

WIDTH, GAP, ROW, MARGIN = 200, 90, 18, 20
STYLE = "text{font:12px sans-serif;fill:#222}.name{font-weight:bold;fill:#fff}.type{fill:#888;text-anchor:end}"

Models = list[type[Model]]
Positions = dict[type[Model], tuple[int, int]]


def write_diagram(path: Path) -> None:
    """Write the diagram of all models of Argus."""
    models = [model for model in apps.get_models() if model._meta.label_lower.startswith("argus_")]
    path.parent.mkdir(exist_ok=True)
    path.write_text(draw_diagram(models))


def draw_diagram(models: Models) -> str:
    """Return the SVG of these models."""
    positions = compute_positions(models)
    references = [field for model in models for field in list_fields(model) if field.related_model in positions]
    parts = [draw_reference(field, positions) for field in references]
    parts += [draw_table(model, *positions[model]) for model in models]
    width = max(x for x, _ in positions.values()) + WIDTH + MARGIN
    height = max(y + get_height(model) for model, (_, y) in positions.items()) + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<style>{STYLE}</style><rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def list_fields(model: type[Model]) -> list[Field]:
    """Return the columns of a model. Of the user, which is mostly Django's, only the important ones."""
    wanted = {"id", "username", "email"} if model._meta.model_name == "user" else None
    return [field for field in model._meta.fields if wanted is None or field.name in wanted]


def compute_positions(models: Models) -> Positions:
    """Return the upper left corner (x, y) of each table."""
    columns: dict[int, Models] = {}
    for model in models:
        columns.setdefault(compute_depth(model, models), []).append(model)
    positions = {}
    for column, members in columns.items():
        y = MARGIN
        for model in members:
            positions[model] = (MARGIN + column * (WIDTH + GAP), y)
            y += get_height(model) + 2 * MARGIN
    return positions


def compute_depth(model: type[Model], models: Models, above: tuple[type[Model], ...] = ()) -> int:
    """Return the length of the longest chain of foreign keys that begins at the model."""
    targets = {field.related_model for field in list_fields(model)} & set(models) - {model, *above}
    return max((compute_depth(target, models, (*above, model)) + 1 for target in targets), default=0)


def get_height(model: type[Model]) -> int:
    """Return the height of a table in pixels."""
    return ROW * (len(list_fields(model)) + 1) + 6


def draw_table(model: type[Model], x: int, y: int) -> str:
    """Return a table: its name, then one line for each column."""
    lines = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{get_height(model)}" rx="4" fill="#fff" stroke="#356"/>',
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{ROW + 2}" rx="4" fill="#356"/>',
        f'<text class="name" x="{x + 8}" y="{y + 14}">{escape(model._meta.object_name)}</text>',
    ]
    for number, field in enumerate(list_fields(model), start=1):
        baseline = y + ROW * number + 16
        lines.append(f'<text x="{x + 8}" y="{baseline}">{escape(field.column)}</text>')
        kind = "key" if field.primary_key else field.get_internal_type().removesuffix("Field")
        lines.append(f'<text class="type" x="{x + WIDTH - 8}" y="{baseline}">{escape(kind)}</text>')
    return "".join(lines)


def draw_reference(field: Field, positions: Positions) -> str:
    """Return a line from a foreign key to the title of the table it refers to."""
    x, y = positions[field.model]
    to_x, to_y = positions[field.related_model]
    y += ROW * (list_fields(field.model).index(field) + 1) + 12
    to_x, to_y = to_x + WIDTH, to_y + ROW // 2
    path = f"M{x} {y}C{x - GAP / 2:g} {y} {to_x + GAP / 2:g} {to_y} {to_x} {to_y}"
    return f'<path d="{path}" fill="none" stroke="#7a9"/><circle cx="{to_x}" cy="{to_y}" r="3" fill="#7a9"/>'
