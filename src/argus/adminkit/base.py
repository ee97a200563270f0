"""What every page of the admin shares.

It survives whatever is put in an address or a form, stays quick on big tables, and shows a service's refusal as an
error of the form. Pages of single models are in the modules of their subjects; what may be done is in the services.
"""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.forms import ModelForm
from django.http import HttpResponseRedirect

from argus.util.errors import DomainError
from argus.util.logs import audit, log_name

from .changelist import BoundedPaginator, StrictChangeList
from .deletion import MOST_OBJECTS, describe, toll_of
from .fields import MomentField, PickyAutocompleteSelect, PickyAutocompleteSelectMultiple, PickyMultipleChoiceField
from .keys import is_key, target_field


class RefusedForm:
    """Mixed into a form whose data a service has refused: it is invalid, and says why."""

    refusal: DomainError

    def clean(self):
        data = super().clean()
        found = self.refusal.messages or {self.refusal.field: self.refusal.message}
        for name, message in found.items():
            if name in self.fields:
                self.add_error(name, message)
            else:
                self.add_error(None, f"{name}: {message}" if self.refusal.messages else message)
        return data


class SafeAdmin(admin.ModelAdmin):
    """An admin page for any model."""

    paginator = BoundedPaginator
    show_full_result_count = False
    # Counting what each filter would give is a full count for each of them.
    show_facets = admin.ShowFacets.NEVER
    formfield_overrides = {models.DateTimeField: {"form_class": MomentField}}

    def get_changelist(self, request, **kwargs):
        return StrictChangeList

    def lookup_allowed(self, lookup, value, request=None):
        """Let everything through to the list, which sends one back if no filter has taken it."""
        return True

    def get_object(self, request, object_id, from_field=None):
        """Find the row, or ``None``, also by keys that no database can take."""
        field = self.opts.get_field(from_field) if from_field else self.opts.pk
        return super().get_object(request, object_id, from_field) if is_key(field, object_id) else None

    def get_search_results(self, request, queryset, search_term):
        """Search, and tell whether rows may come twice; nothing is found by what no database can take."""
        if "\x00" in search_term:
            return queryset.none(), False
        return self.search(request, queryset, search_term)

    def search(self, request, queryset, text: str):
        """Search as Django does; pages of big tables have their own ways."""
        return super().get_search_results(request, queryset, text)

    def get_changeform_initial_data(self, request):
        """Take from the address what a new row refers to, if it could exist; all else is typed into the form."""
        given = {}
        for name, text in request.GET.items():
            field = next((field for field in self.opts.fields if field.name == name and field.remote_field), None)
            if field is not None and is_key(target_field(field), text):
                given[name] = text
        return given

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", PickyAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs.setdefault("form_class", PickyMultipleChoiceField)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", PickyAutocompleteSelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    # Who did what

    def tell(self, request, verb: str, obj) -> None:
        """Write into the log what has been done to a row."""
        audit(verb, log_name(obj), actor=request.user)

    def log_addition(self, request, obj, message):
        self.tell(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request, obj, message):
        self.tell(request, "changed", obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request, queryset):
        for obj in queryset:
            self.tell(request, "deleted", obj)
        return super().log_deletions(request, queryset)

    # Refusals

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Show or take the form. What a service refuses is rolled back, and the form is shown again with the reason."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            request.refusal = error
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        refusal = getattr(request, "refusal", None)
        return type(form)(form.__name__, (RefusedForm, form), {"refusal": refusal}) if refusal else form

    # Deletions

    def delete_view(self, request, object_id, extra_context=None):
        """Ask, then delete. What a service refuses is rolled back and said."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.path)

    def response_action(self, request, queryset):
        """Do to the selected rows what was asked: to all of them or, when a service refuses, to none."""
        post = request.POST.copy()
        selected = [key for key in post.getlist(ACTION_CHECKBOX_NAME) if is_key(self.opts.pk, key)]
        post.setlist(ACTION_CHECKBOX_NAME, selected)
        request.POST = post
        try:
            with transaction.atomic():
                return super().response_action(request, queryset)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None

    def destroy(self, request, obj) -> None:
        """Delete one row; pages of models that have services call theirs."""
        obj.delete()

    def delete_model(self, request, obj):
        try:
            self.destroy(request, obj)
        except (ProtectedError, RestrictedError):
            raise DomainError(f"{obj} cannot be deleted: something still refers to it.") from None

    def delete_queryset(self, request, queryset):
        for obj in queryset:
            self.delete_model(request, obj)

    def get_deleted_objects(self, objs, request):
        """Tell what would be deleted, what of it the user may not delete, and what stands in the way."""
        roots = list(objs[: MOST_OBJECTS + 1])
        if len(roots) > MOST_OBJECTS:
            return [], {}, set(), [f"Select at most {MOST_OBJECTS} at once."]
        toll = toll_of(self.model, [obj.pk for obj in roots])
        lines = [self.deletion_line(obj) for obj in roots]
        taken, held = describe(toll)
        lacking = {model._meta.verbose_name for model in toll.taken if not self._may_delete(request, model, toll)}
        if not all(self.has_delete_permission(request, obj) for obj in roots):
            lacking.add(self.opts.verbose_name)
        counts = {str(self.opts.verbose_name_plural): len(roots)}
        return [*lines, *(f"{name}: {number}" for name, number in taken.items())], counts | taken, lacking, held

    def deletion_line(self, obj) -> str:
        """Name a row on the page that asks whether to delete it."""
        return f"{self.opts.verbose_name}: {obj}"

    def _may_delete(self, request, model, toll) -> bool:
        if not toll.taken[model] or not self.admin_site.is_registered(model):
            return True
        return request.user.has_perm(f"{model._meta.app_label}.delete_{model._meta.model_name}")


class ServiceForm(ModelForm):
    """A form that looks at the shape of its data only: rules, uniqueness among them, are the services' business."""

    def _get_validation_exclusions(self):
        return {field.name for field in self._meta.model._meta.get_fields()}


class ServiceAdmin(SafeAdmin):
    """An admin page whose rows are written by services: ``create``, ``change`` and ``destroy`` call them."""

    form = ServiceForm

    def create(self, request, form) -> models.Model:
        """Make the new row and return it."""
        raise NotImplementedError

    def change(self, request, obj, form) -> None:
        """Change the row in those parts that ``form.changed_data`` names."""
        raise NotImplementedError

    def tell(self, request, verb, obj):
        """Leave it to the services, which know better what it was."""

    def save_model(self, request, obj, form, change):
        if change:
            self.change(request, obj, form)
        else:
            obj.pk = self.create(request, form).pk
        obj.refresh_from_db()

    def save_related(self, request, form, formsets, change):
        """All is done: a service writes a row with everything that belongs to it."""


class ReadOnlyAdmin(ServiceAdmin):
    """Rows that are made once and never changed."""

    def has_change_permission(self, request, obj=None):
        return False
