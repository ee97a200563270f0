"""What belongs to whoever asks: their own rows are all that there are, and the log knows who changed what."""

from argus.util.logs import audit, log_name

from .arrays import BoundedArray


class OwnedRowsMixin:
    """Rows with a ``user``. To be named before the generic views, whose serializers write."""

    pagination_class = BoundedArray

    def get_queryset(self):
        return super().get_queryset().filter(user_id=self.request.user.pk)

    def perform_create(self, serializer):
        row = serializer.save(user=self.request.user)
        audit("added", log_name(row), actor=self.request.user)

    def perform_update(self, serializer):
        row = serializer.save()
        audit("changed", log_name(row), actor=self.request.user)

    def perform_destroy(self, instance):
        name = log_name(instance)
        instance.delete()
        audit("deleted", name, actor=self.request.user)
