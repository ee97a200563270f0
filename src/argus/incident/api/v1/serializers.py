"""Request bodies: their shape. The services check the rules; ``representation`` builds the responses."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils import html

from argus.api.bodies import BodySerializer
from argus.api.fields import InfinityTimestampField, TextField, TimestampField
from argus.api.lists import LimitedListField, ListSerializer
from argus.incident.lifecycle import EventType
from argus.incident.models import MAX_SOURCE_ID_BYTES, SourceSystem, SourceSystemType
from argus.incident.tags import split_tag
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from argus.util.rows import MAX_ID

from .representation import INCIDENT_KEYS

MAX_TAGS = 1000
MAX_BATCH_SIZE = 1000
MAX_OPEN_INCIDENTS = 10_000
# Tags of all incidents of a request.
MAX_REQUEST_TAGS = 20_000
# Characters of a description that is stored for each of up to a thousand incidents.
MAX_BATCH_DESCRIPTION = 10_000


def validate_body(serializer_class: type[serializers.BaseSerializer], body: Any) -> dict[str, Any]:
    """Return the validated data. Raises ``ValidationError``.

    One instance of each serializer serves all requests: 0.15 ms for an incident, 0.8 ms with a new one (POST: 4 ms).
    """
    if serializer_class not in _serializers:
        _serializers[serializer_class] = serializer_class()
    return dict(_serializers[serializer_class].run_validation(body))


_serializers: dict[type[serializers.BaseSerializer], serializers.BaseSerializer] = {}


class TagSerializer(BodySerializer):
    """``{"tag": "key=value"}``, validated to the pair (key, value)."""

    tag = TextField(trim_whitespace=False, help_text="key=value; the key consists of a-z, 0-9 and _.")

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        try:
            return split_tag(value["tag"])
        except DomainError as error:
            raise serializers.ValidationError({error.field or "tag": [error.message]}) from None


class SourceIncidentIdField(TextField):
    """The source's own ID of an incident. Numbers are accepted and stored as text."""

    default_error_messages = {"too_long": f"Longer than {MAX_SOURCE_ID_BYTES} bytes."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        # Lone surrogates cannot be encoded; the field's own validators refuse them after this.
        if len(text.encode(errors="replace")) > MAX_SOURCE_ID_BYTES:
            self.fail("too_long")
        return text


class ChangeableSerializer(BodySerializer):
    """The fields of an incident that can be changed later."""

    details_url = TextField(allow_blank=True, required=False)
    ticket_url = TextField(allow_blank=True, required=False)
    tags = ListSerializer(child=TagSerializer(), required=False, max_length=MAX_TAGS)


class IncidentPatchSerializer(ChangeableSerializer):
    """A PATCH: any of the changeable fields, and no others."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            # In a form, the keys of a list are ``tags[0]tag``.
            names = {name.partition("[")[0] for name in data} if html.is_html_input(data) else set(data)
            self.refuse_others(names - set(self.fields))
        return super().to_internal_value(data)

    @staticmethod
    def refuse_others(names: set[str]) -> None:
        """Raise ``DomainError`` with a sentence for each name, not a list (contract, "Everywhere")."""
        known = {key.name for key in INCIDENT_KEYS}
        messages = {
            name: "This field cannot be changed." if name in known else "An incident has no such field."
            for name in sorted(names, key=str)
        }
        if messages:
            raise DomainError(messages=messages)


class IncidentSerializer(ChangeableSerializer):
    """A new incident."""

    source = serializers.IntegerField(  # type: ignore[assignment]  # ``Field.source`` is an attribute, too
        min_value=1,
        max_value=MAX_ID,
        required=False,
        allow_null=True,
        help_text="For superusers only: the pk of the source to post for.",
    )
    start_time = TimestampField()
    end_time = InfinityTimestampField(
        required=False, allow_null=True, help_text='null: stateless; "infinity": open; a time: ended, or ending, then.'
    )
    source_incident_id = SourceIncidentIdField()
    description = TextField(allow_blank=True, required=False)
    tags = ListSerializer(child=TagSerializer(), max_length=MAX_TAGS)


class IncidentsField(LimitedListField):
    """Bodies of incidents. Only their number and that of their tags are checked; the view validates each."""

    default_error_messages = {"tags": f"A request has at most {MAX_REQUEST_TAGS} tags; this one has {{number}}."}

    def validate_elements(self, data: list[Any]) -> list[Any]:
        lists = [body.get("tags") for body in data if isinstance(body, dict)]
        number = sum(len(tags) for tags in lists if isinstance(tags, list))
        if number > MAX_REQUEST_TAGS:
            self.fail("tags", number=number)
        return data


class BulkSerializer(BodySerializer):
    """New incidents, each as in a single POST. They are validated one by one, so that an invalid one stops no other."""

    incidents = IncidentsField(child=serializers.JSONField(allow_null=True), max_length=MAX_BATCH_SIZE)


class OwnIncidentSerializer(ChangeableSerializer):
    """An incident of the caller's source. Fields that are left out of an existing one keep their values."""

    source_incident_id = SourceIncidentIdField()
    start_time = TimestampField(required=False, help_text="Now if left out. Ignored for an existing incident.")
    end_time = InfinityTimestampField(
        required=False,
        help_text='"infinity", or left out: open. A time closes the incident; a closed one keeps its end.',
    )
    description = TextField(allow_blank=True, required=False)


class OpenIncidentSerializer(OwnIncidentSerializer):
    """An open incident of the caller's source. Fields that are left out of an existing one keep their values."""

    start_time = TimestampField(help_text="Ignored for an existing incident.")
    end_time = InfinityTimestampField(required=False, help_text='"infinity", or left out.')

    def validate_end_time(self, value: Any) -> Any:
        if value != INFINITY:
            raise serializers.ValidationError('end_time must be "infinity" for an open incident.')
        return value


class OpenSetSerializer(BodySerializer):
    """All open incidents of a source."""

    incidents = IncidentsField(child=serializers.JSONField(allow_null=True), max_length=MAX_OPEN_INCIDENTS)


class TicketSerializer(BodySerializer):
    """The URL of the incident's ticket; empty for none."""

    ticket_url = TextField(allow_blank=True)


class EventSerializer(BodySerializer):
    """A new event. Sources must give the timestamp; for users the default is now."""

    type = serializers.ChoiceField(EventType.choices)
    timestamp = TimestampField(required=False)
    description = TextField(allow_blank=True, required=False)

    def validate_type(self, value: str) -> EventType:
        return EventType(value)


class AckEventSerializer(BodySerializer):
    """The event part of a new acknowledgement."""

    type = serializers.ChoiceField([(EventType.ACKNOWLEDGE.value, EventType.ACKNOWLEDGE.label)], required=False)
    timestamp = TimestampField(required=False)
    description = TextField(allow_blank=True, required=False)


class AckSerializer(BodySerializer):
    """A new acknowledgement; without an expiration it never expires."""

    event = AckEventSerializer()
    expiration = TimestampField(required=False, allow_null=True)

    @staticmethod
    def to_arguments(data: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of ``services.acknowledge``."""
        event = {name: value for name, value in data["event"].items() if name != "type"}
        return {**event, "expiration": data.get("expiration")}


class BatchSerializer(BodySerializer):
    """The incidents that a request changes."""

    ids = LimitedListField(child=serializers.IntegerField(min_value=1, max_value=MAX_ID), max_length=MAX_BATCH_SIZE)


class BatchAckEventSerializer(AckEventSerializer):
    """The event part of an acknowledgement of many incidents."""

    description = TextField(allow_blank=True, required=False, max_length=MAX_BATCH_DESCRIPTION)


class FlatAckSerializer(AckSerializer):
    """An acknowledgement. The fields of its event may also be given beside it."""

    event = BatchAckEventSerializer(required=False)
    timestamp = TimestampField(required=False)
    description = TextField(allow_blank=True, required=False, max_length=MAX_BATCH_DESCRIPTION)

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        beside = {name: values.pop(name) for name in ("timestamp", "description") if name in values}
        return {**values, "event": {**beside, **values.get("event", {})}}


class ManyAcksSerializer(BatchSerializer):
    """The same acknowledgement of many incidents."""

    ack = FlatAckSerializer()


class BatchEventSerializer(EventSerializer):
    """An event of many incidents."""

    description = TextField(allow_blank=True, required=False, max_length=MAX_BATCH_DESCRIPTION)


class ManyEventsSerializer(BatchSerializer):
    """The same event of many incidents. A ``timestamp`` beside the event has no zone and is ignored."""

    event = BatchEventSerializer()


class ManyTicketsSerializer(BatchSerializer, TicketSerializer):
    """The same ticket for many incidents."""


class SourceTypeSerializer(serializers.Serializer):
    """A kind of source system."""

    name = TextField(max_length=SourceSystemType._meta.get_field("name").max_length)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        ]
    }
)
class SourceTypeField(serializers.Field):
    """A source type by its name: ``"nav"``, or as in responses, ``{"name": "nav"}``."""

    default_error_messages = {"unknown": "There is no source type of this name."}

    def to_internal_value(self, data: Any) -> SourceSystemType:
        name = data.get("name") if isinstance(data, dict) else data
        name = SourceTypeSerializer().fields["name"].run_validation(name)
        source_type = SourceSystemType.objects.filter(name=name).first()
        return source_type or self.fail("unknown")


class SourceNameSerializer(serializers.Serializer):
    """The fields of a source that can be changed."""

    name = TextField(max_length=SourceSystem._meta.get_field("name").max_length)


class SourceSerializer(SourceNameSerializer):
    """A new source system."""

    type = SourceTypeField()
    base_url = TextField(allow_blank=True, required=False)
    username = TextField(
        max_length=150, allow_blank=True, required=False, help_text="Name of its account; by default the source's name."
    )

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of ``sources.create_source``."""
        data = dict(self.validated_data)
        return {"source_type": data.pop("type"), **data}
