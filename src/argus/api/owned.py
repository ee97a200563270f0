"""Views of rows that belong to the user."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView
from rest_framework.serializers import BaseSerializer

from argus.util.logs import audit, log_name

from .arrays import BoundedArray


class OwnedRowsMixin(GenericAPIView):
    """Mixin for generic views of rows with a ``user``: all users see and change only their own rows.

    It writes the audit log. Name it before the generic views.
    """

    pagination_class: Any = BoundedArray

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(user_id=self.request.user.pk)

    def perform_create(self, serializer: BaseSerializer) -> None:
        row = serializer.save(user=self.request.user)
        audit("added", log_name(row), actor=self.request.user)

    def perform_update(self, serializer: BaseSerializer) -> None:
        row = serializer.save()
        audit("changed", log_name(row), actor=self.request.user)

    def perform_destroy(self, instance: Any) -> None:
        name = log_name(instance)
        instance.delete()
        audit("deleted", name, actor=self.request.user)
