"""Actions of operators, in the list and on an incident's page: acknowledge, close, reopen, set a ticket.

A form asks for a comment, an expiration or a URL first. Each incident is a transaction of its own, as in the REST API:
incidents that the services refuse are named, the others are changed.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from argus.adminkit.base import SafeAdmin
from argus.adminkit.deletion import MAX_OBJECTS
from argus.adminkit.display import object_link
from argus.adminkit.fields import BoundedDateTimeField
from argus.auth.models import User
from argus.auth.requests import get_actor
from argus.incident import services
from argus.incident.lifecycle import TRANSITIONS, EventType, Party
from argus.incident.models import Incident
from argus.util.errors import DomainError
from argus.util.urls import check_http_url

# Refused incidents that the message names.
MAX_NAMED = 10
TEMPLATE = "admin/argus_incident/incident/action.html"
# Set by the buttons on the page of an incident: return to that page.
FROM_PAGE = "from_page"
# Set by the form of the action, which shows the selected incidents first.
CONFIRMED = "confirmed"


class ActionForm(forms.Form):
    """What an action needs to know, and the call of its service."""

    name: ClassVar[str]
    label: ClassVar[str]
    done: ClassVar[str]
    event_type: ClassVar[EventType] = EventType.OTHER

    def apply(self, incident: Incident, *, actor: User) -> None:
        """Call the service. Raises ``DomainError``."""
        raise NotImplementedError

    @classmethod
    def fits(cls, incident: Incident) -> bool:
        """Return whether the state of the incident allows the action to users."""
        return incident.state_at(timezone.now()) in TRANSITIONS[Party.USER][cls.event_type]


class CommentForm(ActionForm):
    """An event with an optional comment."""

    comment = forms.CharField(required=False, widget=AdminTextareaWidget({"rows": 3}))

    def apply(self, incident: Incident, *, actor: User) -> None:
        services.record_event(incident, self.event_type, actor=actor, description=self.cleaned_data["comment"])


class AcknowledgeForm(CommentForm):
    name, label, done = "acknowledge", "Acknowledge", "Acknowledged"
    event_type = EventType.ACKNOWLEDGE
    expiration = BoundedDateTimeField(required=False, help_text="Empty: the acknowledgement does not expire.")

    def clean_expiration(self) -> Any:
        expiration = self.cleaned_data["expiration"]
        if expiration is not None and expiration <= timezone.now():
            raise ValidationError("The expiration must be in the future.")
        return expiration

    def apply(self, incident: Incident, *, actor: User) -> None:
        data = self.cleaned_data
        services.acknowledge(incident, actor=actor, description=data["comment"], expiration=data["expiration"])


class CloseForm(CommentForm):
    name, label, done = "close", "Close", "Closed"
    event_type = EventType.CLOSE


class ReopenForm(CommentForm):
    name, label, done = "reopen", "Reopen", "Reopened"
    event_type = EventType.REOPEN


class TicketForm(ActionForm):
    name, label, done = "set_ticket", "Set ticket URL", "Set the ticket URL of"
    ticket_url = forms.CharField(
        label="Ticket URL", widget=AdminTextInputWidget, help_text="It replaces the ticket URL that an incident has."
    )

    def clean_ticket_url(self) -> str:
        try:
            check_http_url(self.cleaned_data["ticket_url"], field="ticket_url")
        except DomainError as error:
            raise ValidationError(error.message) from None
        return self.cleaned_data["ticket_url"]

    def apply(self, incident: Incident, *, actor: User) -> None:
        services.update_incident(incident, actor=actor, ticket_url=self.cleaned_data["ticket_url"])


ACTION_FORMS: tuple[type[ActionForm], ...] = (AcknowledgeForm, CloseForm, ReopenForm, TicketForm)


class OperatorActionsMixin(SafeAdmin):
    """The actions of the list of incidents."""

    atomic_actions = False
    actions = [form.name for form in ACTION_FORMS]

    @admin.action(description=AcknowledgeForm.label, permissions=["change"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        return self.run_action(request, queryset, AcknowledgeForm)

    @admin.action(description=CloseForm.label, permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        return self.run_action(request, queryset, CloseForm)

    @admin.action(description=ReopenForm.label, permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        return self.run_action(request, queryset, ReopenForm)

    @admin.action(description=TicketForm.label, permissions=["change"])
    def set_ticket(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        return self.run_action(request, queryset, TicketForm)

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer no deletion of many incidents: their history would be lost."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def run_action(
        self, request: HttpRequest, queryset: QuerySet[Incident], form_class: type[ActionForm]
    ) -> HttpResponse | None:
        """Show the form of the action, or apply it to the incidents that the form has shown."""
        confirmed, keys = CONFIRMED in request.POST, set(request.POST.getlist(ACTION_CHECKBOX_NAME))
        if confirmed:
            # The state may have changed since, so the filters of the list no longer apply.
            queryset = self.get_queryset(request).filter(pk__in=keys)
        incidents = list(queryset.order_by("pk")[: MAX_OBJECTS + 1])
        if not incidents or len(incidents) > MAX_OBJECTS:
            error = f"Select at most {MAX_OBJECTS} at once." if incidents else "The selected incidents do not exist."
            self.message_user(request, error, messages.ERROR)
            return None
        form = form_class(request.POST if confirmed else None)
        if not form.is_valid():
            return self.show_form(request, form, incidents)
        self.apply_action(request, form, incidents)
        if len(keys) > len(incidents):
            self.message_user(request, f"No longer there: {len(keys) - len(incidents)}.", messages.ERROR)
        return HttpResponseRedirect(page_of(incidents[0])) if FROM_PAGE in request.POST else None

    def show_form(self, request: HttpRequest, form: ActionForm, incidents: list[Incident]) -> HttpResponse:
        count = len(incidents)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{form.label}: {count} {self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural}",
            "opts": self.opts,
            "form": form,
            "incidents": incidents,
            "from_page": FROM_PAGE in request.POST,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, TEMPLATE, context)

    def apply_action(self, request: HttpRequest, form: ActionForm, incidents: list[Incident]) -> None:
        """Apply the action to each incident, and report how many were changed and which were refused."""
        actor, changed, refused = get_actor(request), [], []
        for incident in incidents:
            try:
                form.apply(incident, actor=actor)
                changed.append(incident)
            except Incident.DoesNotExist:
                refused.append((incident, "It no longer exists."))
            except DomainError as error:
                refused.append((incident, str(error)))
        LogEntry.objects.log_actions(actor.pk, changed, CHANGE, change_message=f"{form.label}.")
        if changed:
            names = self.opts.verbose_name if len(changed) == 1 else self.opts.verbose_name_plural
            self.message_user(request, f"{form.done} {len(changed)} {names}.", messages.SUCCESS)
        if refused:
            self.message_user(request, refusal_message(refused), messages.ERROR)


def page_of(incident: Incident) -> str:
    """Return the URL of the incident's page."""
    return reverse("admin:argus_incident_incident_change", args=[incident.pk])


def refusal_message(refused: list[tuple[Incident, str]]) -> str:
    """Return a message that names the first refused incidents, with links and reasons."""
    named = format_html_join(
        "; ", "{}: {}", ((object_link(incident), reason) for incident, reason in refused[:MAX_NAMED])
    )
    more = f"; and {len(refused) - MAX_NAMED} more" if len(refused) > MAX_NAMED else ""
    return format_html("Refused {}: {}{}", len(refused), named, more)
