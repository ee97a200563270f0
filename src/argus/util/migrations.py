"""Migration operations that Django lacks."""

from typing import Any

from django.db import migrations, models


class RenameConstraint(migrations.SeparateDatabaseAndState):
    """Rename a constraint without building it again. SQLite keeps the former name, which nothing refers to."""

    def __init__(self, model_name: str, old_name: str, constraint: models.BaseConstraint) -> None:
        self.model_name, self.old_name, self.new_name = model_name, old_name, constraint.name
        super().__init__(
            state_operations=[
                migrations.RemoveConstraint(model_name, old_name),
                migrations.AddConstraint(model_name, constraint),
            ]
        )

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        self._rename(schema_editor, model, self.old_name, self.new_name)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        self._rename(schema_editor, model, self.new_name, self.old_name)

    def _rename(self, schema_editor: Any, model: type[models.Model], old_name: str, new_name: str) -> None:
        if schema_editor.connection.vendor == "postgresql":
            table, old, new = map(schema_editor.quote_name, (model._meta.db_table, old_name, new_name))
            schema_editor.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
