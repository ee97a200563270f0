"""The body of a request that reports an alert."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from argus.inventory.models import Scope
from argus.inventory.scopes import resolve_scope

from ..models import Alert, Severity


@extend_schema_field(OpenApiTypes.URI)
class ScopeField(serializers.Field):
    """A link to an object that the user sees. The value is the object."""

    # The same text for an invisible object, one of another kind, and none.
    default_error_messages = {"unknown": "This is not the link of an object that an alert can be about."}

    def to_internal_value(self, data: Any) -> Scope:
        scope = resolve_scope(data, user=self.context["request"].user) if isinstance(data, str) else None
        if scope is None:
            self.fail("unknown")
        return scope


@extend_schema_field({"type": "string", "enum": Severity.labels})
class SeverityField(serializers.Field):
    """A severity by its label. Case matters."""

    default_error_messages = {"unknown": f"Must be one of {', '.join(Severity.labels)}."}

    def to_internal_value(self, data: Any) -> Severity:
        if not isinstance(data, str) or data not in Severity.labels:
            self.fail("unknown")
        return Severity.from_label(data)


class TextField(serializers.CharField):
    """Text that is stored unchanged and does not consist of blanks."""

    def __init__(self, **kwargs: Any):
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not data.strip():
            self.fail("blank")
        return super().run_validation(data)


class ReportSerializer(serializers.Serializer):
    """The body of a report. Other fields are ignored."""

    scope = ScopeField(help_text="Link to the object. The host is ignored.")
    alert_type = TextField(max_length=Alert._meta.get_field("alert_type").max_length, help_text="Any text.")
    severity = SeverityField()
    message = TextField(max_length=255)
