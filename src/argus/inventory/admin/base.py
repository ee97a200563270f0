"""What all pages of the inventory share."""

import re
from collections.abc import Callable

from django.db import models

from argus.adminkit.base import ReadOnlyAdmin
from argus.inventory import deletion

UUID = re.compile("[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


class ListedAdmin(ReadOnlyAdmin):
    """Rows that are made and deleted by the services, and never changed. Each is also found by its UUID.

    ``own_fields`` are those that one fills in, ``service`` is what makes the row, and ``subject`` the field that it
    takes first. Whoever is let in here may do what staff may.
    """

    own_fields: list[str]
    service: Callable[..., models.Model]
    subject: str
    readonly_fields = ["uuid"]
    sortable_by = []

    def get_fields(self, request, obj=None):
        return [*self.own_fields, "uuid"] if obj else self.own_fields

    def get_queryset(self, request):
        return super().get_queryset(request).select_related(*self.list_select_related)

    def search(self, request, queryset, text):
        if UUID.fullmatch(text.strip()):
            return queryset.filter(uuid=text.strip()), False
        return super().search(request, queryset, text)

    def create(self, request, form):
        data = dict(form.cleaned_data)
        return self.service(data.pop(self.subject), actor=request.user, **data)

    def destroy(self, request, obj):
        deletion.delete(obj, actor=request.user)
