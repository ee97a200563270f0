"""The shape of what comes in. Rules of the domain are the services' business, answers that of ``representation``."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils import html

from argus.api.fields import InfinityTimestampField, TimestampField
from argus.api.lists import ListSerializer
from argus.incident.lifecycle import EventType
from argus.incident.models import LONGEST_SOURCE_ID, SourceSystem, SourceSystemType
from argus.incident.tags import split_tag
from argus.util.errors import DomainError
from argus.util.infinity import INFINITY
from argus.util.numbers import LARGEST_ID

MOST_TAGS = 1000
MOST_AT_ONCE = 1000
MOST_OPEN = 10_000


class TagSerializer(serializers.Serializer):
    """``{"tag": "key=value"}``, taken as the pair (key, value)."""

    tag = serializers.CharField(trim_whitespace=False, help_text="key=value; the key consists of a-z, 0-9 and _.")

    class Meta:
        list_serializer_class = ListSerializer

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        try:
            return split_tag(value["tag"])
        except DomainError as error:
            raise serializers.ValidationError({error.field: [error.message]}) from None


class SourceIncidentIdField(serializers.CharField):
    """The source's own name for an incident. Numbers are taken, and kept as text."""

    default_error_messages = {"too_long": f"Longer than {LONGEST_SOURCE_ID} bytes."}

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        # Lone surrogates have no bytes; the field's own validators refuse them right after this.
        if len(text.encode(errors="replace")) > LONGEST_SOURCE_ID:
            self.fail("too_long")
        return text


class ChangeableSerializer(serializers.Serializer):
    """The parts of an incident that may be changed later."""

    details_url = serializers.CharField(allow_blank=True, required=False)
    ticket_url = serializers.CharField(allow_blank=True, required=False)
    tags = TagSerializer(many=True, required=False, max_length=MOST_TAGS)


class IncidentPatchSerializer(ChangeableSerializer):
    """A PATCH: any of the changeable parts, and nothing else."""

    def to_internal_value(self, data):
        if isinstance(data, dict):
            # A form spells the parts of a list ``tags[0]tag``.
            names = {name.partition("[")[0] for name in data} if html.is_html_input(data) else set(data)
            self.refuse_others(names - set(self.fields))
        return super().to_internal_value(data)

    @staticmethod
    def refuse_others(names: set) -> None:
        """Refuse the names with a sentence each, not a list (contract, "Everywhere")."""
        known = IncidentSerializer().fields.keys() | {"pk", "stateful", "open", "acked"}
        messages = {
            name: "This field cannot be changed." if name in known else "An incident has no such field."
            for name in sorted(names, key=str)
        }
        if messages:
            raise DomainError(messages=messages)


class IncidentSerializer(ChangeableSerializer):
    """A new incident."""

    source = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_ID,
        required=False,
        allow_null=True,
        help_text="For superusers only: the pk of the source to post for.",
    )
    start_time = TimestampField()
    end_time = InfinityTimestampField(
        required=False, allow_null=True, help_text='null: stateless; "infinity": open; a time: ended, or ending, then.'
    )
    source_incident_id = SourceIncidentIdField()
    description = serializers.CharField(allow_blank=True, required=False)
    tags = TagSerializer(many=True, max_length=MOST_TAGS)


class BulkSerializer(serializers.Serializer):
    """New incidents, each as it would be posted alone, and looked at one by one: a bad one does not stop the others."""

    incidents = serializers.ListField(
        child=serializers.JSONField(allow_null=True), allow_empty=True, max_length=MOST_AT_ONCE
    )


class OpenIncidentSerializer(ChangeableSerializer):
    """An incident that is open at its source now. What is left out of a known one stays as it is."""

    source_incident_id = SourceIncidentIdField()
    start_time = TimestampField(help_text="Of a known incident it stays what it was.")
    end_time = InfinityTimestampField(required=False, help_text='"infinity", if it is given at all.')
    description = serializers.CharField(allow_blank=True, required=False)

    def validate_end_time(self, value):
        if value != INFINITY:
            raise serializers.ValidationError("What is open has no end yet.")
        return value

    def to_internal_value(self, data):
        values = super().to_internal_value(data)
        values.pop("end_time", None)
        return values


class OpenSetSerializer(serializers.Serializer):
    """All that is open at a source."""

    incidents = serializers.ListField(
        child=serializers.JSONField(allow_null=True), allow_empty=True, max_length=MOST_OPEN
    )


class TicketSerializer(serializers.Serializer):
    """The address of the ticket in which somebody works on the incident; empty for none."""

    ticket_url = serializers.CharField(allow_blank=True)


class EventSerializer(serializers.Serializer):
    """A new event. Source systems must say when it happened; for people the default is now."""

    type = serializers.ChoiceField(EventType.choices)
    timestamp = TimestampField(required=False)
    description = serializers.CharField(allow_blank=True, required=False)

    def validate_type(self, value):
        return EventType(value)


class AckEventSerializer(serializers.Serializer):
    """The event part of a new acknowledgement."""

    type = serializers.ChoiceField([(EventType.ACKNOWLEDGE.value, EventType.ACKNOWLEDGE.label)], required=False)
    timestamp = TimestampField(required=False)
    description = serializers.CharField(allow_blank=True, required=False)


class AckSerializer(serializers.Serializer):
    """A new acknowledgement; without an expiration it holds forever."""

    event = AckEventSerializer()
    expiration = TimestampField(required=False, allow_null=True)

    @staticmethod
    def to_arguments(data: dict) -> dict:
        """Return what ``services.acknowledge`` takes."""
        event = {name: value for name, value in data["event"].items() if name != "type"}
        return {**event, "expiration": data.get("expiration")}


class ManySerializer(serializers.Serializer):
    """The incidents to which the same is to be done."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), allow_empty=True, max_length=MOST_AT_ONCE
    )


class FlatAckSerializer(AckSerializer):
    """An acknowledgement whose event's parts may also stand beside it."""

    event = AckEventSerializer(required=False)
    timestamp = TimestampField(required=False)
    description = serializers.CharField(allow_blank=True, required=False)

    def to_internal_value(self, data):
        values = super().to_internal_value(data)
        beside = {name: values.pop(name) for name in ("timestamp", "description") if name in values}
        return {**values, "event": {**beside, **values.get("event", {})}}


class ManyAcksSerializer(ManySerializer):
    """The same acknowledgement of many incidents."""

    ack = FlatAckSerializer()


class ManyEventsSerializer(ManySerializer):
    """The same event of many incidents. A ``timestamp`` beside the event, in no certain zone, is not looked at."""

    event = EventSerializer()


class ManyTicketsSerializer(ManySerializer, TicketSerializer):
    """The same ticket for many incidents."""


class SourceTypeSerializer(serializers.Serializer):
    """A kind of source system."""

    name = serializers.CharField(max_length=SourceSystemType._meta.get_field("name").max_length)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        ]
    }
)
class SourceTypeField(serializers.Field):
    """A source type by its name: ``"nav"``, or as it is shown, ``{"name": "nav"}``."""

    default_error_messages = {"unknown": "There is no source type of this name."}

    def to_internal_value(self, data):
        name = data.get("name") if isinstance(data, dict) else data
        name = SourceTypeSerializer().fields["name"].run_validation(name)
        source_type = SourceSystemType.objects.filter(name=name).first()
        return source_type or self.fail("unknown")


class SourceNameSerializer(serializers.Serializer):
    """What may be changed of a source."""

    name = serializers.CharField(max_length=SourceSystem._meta.get_field("name").max_length)


class SourceSerializer(SourceNameSerializer):
    """A new source system."""

    type = SourceTypeField()
    base_url = serializers.CharField(allow_blank=True, required=False)
    username = serializers.CharField(
        max_length=150, allow_blank=True, required=False, help_text="Name of its account; by default the source's name."
    )

    def to_arguments(self) -> dict:
        """Return what ``sources.create_source`` takes."""
        data = dict(self.validated_data)
        return {"source_type": data.pop("type"), **data}
