"""What an alert tells of everything around its scope, as it was when it was last reported. All values are text."""

from argus.inventory.models import Scope
from argus.inventory.scopes import ScopeParents


def describe(scope: Scope, around: ScopeParents) -> dict[str, str]:
    """Return ``<role>_<field>`` for the scope and for what it is in. Nothing about who reported it."""
    customer = around.customer
    context = named("scope", scope) | named("customer", customer)
    context["customer_abbreviation"] = customer.abbreviation
    context["customer_contact_details"] = customer.contact_details
    for role in ("project", "project_group", "cloud"):
        if row := getattr(around, role):
            context |= named(role, row)
    return context


def named(role: str, row) -> dict[str, str]:
    return {f"{role}_uuid": row.uuid.hex, f"{role}_name": row.name}
