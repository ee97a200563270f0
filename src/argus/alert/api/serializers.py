"""An alert as it is reported."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from argus.inventory.scopes import resolve_scope

from ..models import Alert, Severity


@extend_schema_field(OpenApiTypes.URI)
class ScopeField(serializers.Field):
    """A link to something of the inventory that the caller sees: taken as the thing itself."""

    # The same for what is out of sight, of another kind, or nowhere.
    default_error_messages = {"nothing": "This link leads to nothing that an alert can be about."}

    def to_internal_value(self, data):
        scope = resolve_scope(data, user=self.context["request"].user) if isinstance(data, str) else None
        return scope or self.fail("nothing")


@extend_schema_field({"type": "string", "enum": Severity.labels})
class SeverityField(serializers.Field):
    """A severity by its name; case matters."""

    default_error_messages = {"unknown": f"Must be one of {', '.join(Severity.labels)}."}

    def to_internal_value(self, data):
        if not isinstance(data, str) or data not in Severity.labels:
            self.fail("unknown")
        return Severity.named(data)


class TextField(serializers.CharField):
    """Text that is kept as it is given, and does not consist of blanks."""

    def __init__(self, **kwargs):
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data=serializers.empty):
        if isinstance(data, str) and not data.strip():
            self.fail("blank")
        return super().run_validation(data)


class ReportSerializer(serializers.Serializer):
    """What is reported of an object. Everything else about an alert follows from this, and is ignored here."""

    scope = ScopeField(help_text="Link to the object. Its host does not count.")
    alert_type = TextField(max_length=Alert._meta.get_field("alert_type").max_length, help_text="Any word.")
    severity = SeverityField()
    message = TextField(max_length=255)
