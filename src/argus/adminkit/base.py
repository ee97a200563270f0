"""Base classes of the admin's pages.

They accept any input in URLs and forms, stay fast on large tables, and show a service's ``DomainError`` as an error of
the form. The pages of single models are in their apps; the rules are in the services.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db import models, transaction
from django.db.models import ProtectedError, QuerySet, RestrictedError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from argus.util.errors import DomainError
from argus.util.logs import audit, log_name

from .changelist import BoundedPaginator, StrictChangeList
from .deletion import MAX_OBJECTS, DependentCounts, count_dependents, format_counts
from .fields import (
    BoundedDateTimeField,
    StrictAutocompleteSelect,
    StrictAutocompleteSelectMultiple,
    StrictMultipleChoiceField,
)
from .keys import is_valid_key, target_field


class RefusedFormMixin:
    """Mixin for a form whose data a service has refused: the form is invalid and shows the error."""

    refusal: ClassVar[DomainError]

    def clean(self) -> Any:
        form: Any = self
        data = super().clean()  # type: ignore[misc]
        found = self.refusal.messages or {self.refusal.field or "": self.refusal.message}
        for name, message in found.items():
            if name in form.fields:
                form.add_error(name, message)
            else:
                form.add_error(None, f"{name}: {message}" if self.refusal.messages else message)
        return data


class SafeAdmin(admin.ModelAdmin):
    """An admin page for any model."""

    # A sentence above the list, for rows that their names do not explain.
    intro = ""
    paginator = BoundedPaginator
    show_full_result_count = False
    # Facets count all rows once for each filter.
    show_facets = admin.ShowFacets.NEVER
    formfield_overrides: ClassVar[Any] = {models.DateTimeField: {"form_class": BoundedDateTimeField}}
    # Whether an action applies to all selected rows or to none.
    atomic_actions = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow all lookups here. ``StrictChangeList`` refuses those that no filter has taken."""
        return True

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row, or ``None`` also for keys that no database accepts."""
        field: Any = self.opts.get_field(from_field) if from_field else self.opts.pk
        return super().get_object(request, object_id, from_field) if is_valid_key(field, object_id) else None

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Search, and return whether rows may be duplicates. Text with NUL finds nothing."""
        if "\x00" in search_term:
            return queryset.none(), False
        return self.search(request, queryset, search_term)

    def search(self, request: HttpRequest, queryset: QuerySet, text: str) -> tuple[QuerySet, bool]:
        """Search like Django. Pages of large tables override this."""
        return super().get_search_results(request, queryset, text)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the valid keys in the URL that a new row may refer to; other values are ignored."""
        initial: dict[str, Any] = {}
        for name, text in request.GET.items():
            field = next((field for field in self.opts.fields if field.name == name and field.remote_field), None)
            if field is not None and is_valid_key(target_field(field), text):
                initial[name] = text
        return initial

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", StrictAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("form_class", StrictMultipleChoiceField)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", StrictAutocompleteSelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    # Audit log

    def log_action_of(self, request: HttpRequest, verb: str, obj: models.Model) -> None:
        """Write an audit line about what was done to a row."""
        audit(verb, log_name(obj), actor=request.user)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self.log_action_of(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self.log_action_of(request, "changed", obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self.log_action_of(request, "deleted", obj)
        return super().log_deletions(request, queryset)

    # Errors of services

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or save the form. What a service refuses is rolled back, and the form shows the error."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            request.refusal = error  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        form: Any = super().get_form(request, obj, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form)(form.__name__, (RefusedFormMixin, form), {"refusal": refusal}) if refusal else form

    # Deletions

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Confirm, then delete. What a service refuses is rolled back and shown as a message."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:  # type: ignore[override]
        """Run the action; if ``atomic_actions``, on all selected rows, or on none if a service refuses it for one."""
        post = request.POST.copy()
        selected = [key for key in post.getlist(ACTION_CHECKBOX_NAME) if is_valid_key(self.opts.pk, key)]
        post.setlist(ACTION_CHECKBOX_NAME, selected)
        request.POST = post  # type: ignore[assignment]
        try:
            with transaction.atomic() if self.atomic_actions else nullcontext():
                return super().response_action(request, queryset)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None

    def destroy(self, request: HttpRequest, obj: Any) -> None:
        """Delete one row. Pages of models with services call theirs."""
        obj.delete()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        try:
            self.destroy(request, obj)
        except (ProtectedError, RestrictedError):
            raise DomainError(f"{obj} cannot be deleted: other rows refer to it.") from None

    def delete_queryset(self, request: HttpRequest, queryset: Iterable) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return lines and numbers of what is deleted, what the user may not delete, and what prevents it."""
        roots = list(objs[: MAX_OBJECTS + 1])
        if len(roots) > MAX_OBJECTS:
            return [], {}, set(), [f"Select at most {MAX_OBJECTS} at once."]
        counts = count_dependents(self.model, [obj.pk for obj in roots])
        lines = [self.deletion_line(obj) for obj in roots]
        deleted, protecting = format_counts(counts)
        lacking = {model._meta.verbose_name for model in counts.deleted if not self._may_delete(request, model, counts)}
        if not all(self.has_delete_permission(request, obj) for obj in roots):
            lacking.add(self.opts.verbose_name)
        numbers: dict[str, Any] = {str(self.opts.verbose_name_plural): len(roots)}
        lines += [f"{name}: {number}" for name, number in deleted.items()]
        return lines, numbers | deleted, lacking, protecting

    def deletion_line(self, obj: Any) -> str:
        """Return the line for a row on the page that confirms a deletion."""
        return f"{self.opts.verbose_name}: {obj}"

    def _may_delete(self, request: HttpRequest, model: type[models.Model], counts: DependentCounts) -> bool:
        if not counts.deleted[model] or not self.admin_site.is_registered(model):
            return True
        return request.user.has_perm(f"{model._meta.app_label}.delete_{model._meta.model_name}")


class ServiceForm(ModelForm):
    """A form that checks only the shape of its data. The services check the rules, uniqueness included."""

    def _get_validation_exclusions(self) -> set[str]:
        return {field.name for field in self._meta.model._meta.get_fields()}


class ServiceAdmin(SafeAdmin):
    """An admin page whose rows are written by services: ``create``, ``change`` and ``destroy`` call them."""

    form: type[ModelForm] = ServiceForm

    def create(self, request: HttpRequest, form: Any) -> models.Model:
        """Create the row and return it."""
        raise NotImplementedError

    def change(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Change the fields of the row that ``form.changed_data`` names."""
        raise NotImplementedError

    def log_action_of(self, request: HttpRequest, verb: str, obj: models.Model) -> None:
        """Write no line: the services write more precise ones."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            self.change(request, obj, form)
        else:
            obj.pk = self.create(request, form).pk
        obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: the service has written the related rows, too."""


class ReadOnlyAdmin(ServiceAdmin):
    """A page of rows that never change after creation."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
