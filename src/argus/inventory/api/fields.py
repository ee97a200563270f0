"""Serializer fields for links to objects."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from argus.api.links import parse_link
from argus.api.lists import ListSerializer, errors_by_position
from argus.auth.models import User

from ..scopes import ALIASES


@extend_schema_field(OpenApiTypes.URI)
class URLField(serializers.Field):
    """The absolute link to an object. The serializer's context holds ``links``."""

    def __init__(self, collection: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection

    def to_representation(self, row: Any) -> str:
        return self.context["links"].to(self.collection or row.collection, row.uuid)


class LinkField(URLField):
    """A link to an object that the user sees. The value is the object."""

    default_error_messages = {
        "not_a_link": "Not a link.",
        # The same for objects that do not exist, are invisible to the user, or are of another kind.
        "not_found": "There is no object with this link.",
    }

    def __init__(self, rows_for: Callable[[User], QuerySet], *, collection: str, **kwargs: Any) -> None:
        """``rows_for`` returns the objects that a user may link to."""
        super().__init__(collection, **kwargs)
        self.rows_for = rows_for

    def to_internal_value(self, data: Any) -> Any:
        row = self.get_rows().filter(uuid=self.get_uuid(data)).first()
        if row is None:
            self.fail("not_found")
        return row

    def get_rows(self) -> "QuerySet[Model]":
        return self.rows_for(self.context["request"].user)

    def get_uuid(self, data: Any) -> UUID:
        """Return the UUID of a link to this collection. The object need not exist."""
        if not isinstance(data, str):
            self.fail("not_a_link")
        link = parse_link(data)
        if link is None or ALIASES.get(link[0], link[0]) != self.collection:
            self.fail("not_found")
        return link[1]


class ReferenceListSerializer(ListSerializer):
    """A list of objects with links, found with one query. The value is the list of the linked objects."""

    def to_internal_value(self, data: Any) -> list:
        uuids = [one["uuid"] for one in super().to_internal_value(data)]
        child: Any = self.child
        link = child.fields["url"]
        found = {row.uuid: row for row in link.get_rows().filter(uuid__in=set(uuids))}
        message = link.error_messages["not_found"]
        errors = {n: {"url": [message]} for n, uuid in enumerate(uuids) if uuid not in found}
        if errors:
            raise ValidationError(errors_by_position(errors, len(uuids)))
        return [found[uuid] for uuid in uuids]


class ReferenceField(LinkField):
    """The link of an object in a ``ReferenceListSerializer``."""

    def to_internal_value(self, data: Any) -> dict[str, UUID]:
        return {"uuid": self.get_uuid(data)}
