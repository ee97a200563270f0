"""The context of an alert: names and UUIDs of the objects around its scope, as text."""

from argus.inventory.models import Scope
from argus.inventory.scopes import ScopeParents


def build_context(scope: Scope, parents: ScopeParents) -> dict[str, str]:
    """Return ``<role>_<field>`` for the scope and the objects that it belongs to, as they are now."""
    customer = parents.customer
    context = name_fields("scope", scope) | name_fields("customer", customer)
    context["customer_abbreviation"] = customer.abbreviation
    context["customer_contact_details"] = customer.contact_details
    for role in ("project", "project_group", "cloud"):
        if row := getattr(parents, role):
            context |= name_fields(role, row)
    return context


def name_fields(role: str, row: Scope) -> dict[str, str]:
    """Return the UUID and the name of an object."""
    return {f"{role}_uuid": row.uuid.hex, f"{role}_name": row.name}
