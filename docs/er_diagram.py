"""Draws the tables of Argus and their references as SVG, from the models themselves.

A table stands in the first column that is to the right of all tables it refers to, so every line runs to the left.
"""

from html import escape
from pathlib import Path

from django.apps import apps

WIDTH, GAP, ROW, MARGIN = 200, 90, 18, 20
STYLE = "text{font:12px sans-serif;fill:#222}.name{font-weight:bold;fill:#fff}.type{fill:#888;text-anchor:end}"


def write_diagram(path: Path) -> None:
    """Draw the tables of all of Argus' apps."""
    models = [model for model in apps.get_models() if model._meta.label_lower.startswith("argus_")]
    path.parent.mkdir(exist_ok=True)
    path.write_text(drawing(models))


def drawing(models: list) -> str:
    """Return the SVG of these models."""
    places = placed(models)
    references = [(field, places) for model in models for field in fields_of(model) if field.related_model in places]
    parts = [line(*reference) for reference in references] + [table(model, *places[model]) for model in models]
    width = max(x for x, _ in places.values()) + WIDTH + MARGIN
    height = max(y + height_of(model) for model, (_, y) in places.items()) + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<style>{STYLE}</style><rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def fields_of(model) -> list:
    """Return the columns of a model; of the account, which is Django's for the most part, only what matters here."""
    wanted = {"id", "username", "email"} if model._meta.model_name == "user" else None
    return [field for field in model._meta.fields if wanted is None or field.name in wanted]


def placed(models: list) -> dict:
    """Give each model the corner (x, y) of its table."""
    columns: dict[int, list] = {}
    for model in models:
        columns.setdefault(depth(model, models), []).append(model)
    places = {}
    for column, members in columns.items():
        y = MARGIN
        for model in members:
            places[model] = (MARGIN + column * (WIDTH + GAP), y)
            y += height_of(model) + 2 * MARGIN
    return places


def depth(model, models: list, above: tuple = ()) -> int:
    """Count the steps of the longest way of references that begins at the model."""
    targets = {field.related_model for field in fields_of(model)} & set(models) - {model, *above}
    return max((depth(target, models, (*above, model)) + 1 for target in targets), default=0)


def height_of(model) -> int:
    return ROW * (len(fields_of(model)) + 1) + 6


def table(model, x: int, y: int) -> str:
    """Draw one table: its name, then a line for each column."""
    lines = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{height_of(model)}" rx="4" fill="#fff" stroke="#356"/>',
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{ROW + 2}" rx="4" fill="#356"/>',
        f'<text class="name" x="{x + 8}" y="{y + 14}">{escape(model._meta.object_name)}</text>',
    ]
    for number, field in enumerate(fields_of(model), start=1):
        below = y + ROW * number + 16
        lines.append(f'<text x="{x + 8}" y="{below}">{escape(field.column)}</text>')
        kind = "key" if field.primary_key else field.get_internal_type().removesuffix("Field")
        lines.append(f'<text class="type" x="{x + WIDTH - 8}" y="{below}">{escape(kind)}</text>')
    return "".join(lines)


def line(field, places: dict) -> str:
    """Draw a reference from its column to the head of the table that it names."""
    x, y = places[field.model]
    to_x, to_y = places[field.related_model]
    y += ROW * (fields_of(field.model).index(field) + 1) + 12
    to_x, to_y = to_x + WIDTH, to_y + ROW // 2
    path = f"M{x} {y}C{x - GAP / 2:g} {y} {to_x + GAP / 2:g} {to_y} {to_x} {to_y}"
    return f'<path d="{path}" fill="none" stroke="#7a9"/><circle cx="{to_x}" cy="{to_y}" r="3" fill="#7a9"/>'
