"""Related objects on the wire: links, in any spelling on the way in."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from argus.api.links import read_link
from argus.api.lists import ListSerializer, in_places

from ..scopes import ALIASES


@extend_schema_field(OpenApiTypes.URI)
class AddressField(serializers.Field):
    """The absolute link to an object. The serializer's context has ``links``."""

    def __init__(self, collection: str = "", **kwargs):
        super().__init__(**kwargs)
        self.collection = collection

    def to_representation(self, row) -> str:
        return self.context["links"].to(self.collection or row.collection, row.uuid)


class LinkField(AddressField):
    """A link to an object that the caller sees: taken as the object itself."""

    default_error_messages = {
        "not_a_link": "Not a link.",
        # The same for what is out of sight, of another kind, or nowhere.
        "nothing": "This link leads to nothing that could be meant here.",
    }

    def __init__(self, rows_for, *, collection: str, **kwargs):
        """``rows_for`` gives, for a user, the rows that may be linked to."""
        super().__init__(collection, **kwargs)
        self.rows_for = rows_for

    def to_internal_value(self, data):
        row = self.get_rows().filter(uuid=self.get_uuid(data)).first()
        return row or self.fail("nothing")

    def get_rows(self):
        return self.rows_for(self.context["request"].user)

    def get_uuid(self, data):
        """Return what the link names in this list, whether it is there or not."""
        if not isinstance(data, str):
            self.fail("not_a_link")
        collection, uuid = read_link(data) or ("", None)
        return uuid if ALIASES.get(collection, collection) == self.collection else self.fail("nothing")


class ReferenceListSerializer(ListSerializer):
    """Objects that contain links, all looked up at once; taken as the list of what they lead to."""

    def to_internal_value(self, data):
        uuids = [one["uuid"] for one in super().to_internal_value(data)]
        link = self.child.fields["url"]
        found = {row.uuid: row for row in link.get_rows().filter(uuid__in=set(uuids))}
        missing = {n: {"url": [link.error_messages["nothing"]]} for n, uuid in enumerate(uuids) if uuid not in found}
        if missing:
            raise ValidationError(in_places(missing, len(uuids)))
        return [found[uuid] for uuid in uuids]


class ReferenceField(LinkField):
    """The link within such an object."""

    def to_internal_value(self, data):
        return {"uuid": self.get_uuid(data)}
