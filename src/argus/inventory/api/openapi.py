"""The OpenAPI description of the inventory."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from argus.api.openapi import NUMBERED_PAGE_PARAMETERS, Decorator, describe_view

INVENTORY, PERMISSIONS = "Inventory", "Permissions"
CURRENT = OpenApiParameter("current", str, description="If present, with any value or none: only the user itself.")


def _describe(
    heading: str, one: str, many: str, *, allowed: str, note: str = "", create_note: str = ""
) -> tuple[Decorator, Decorator]:
    """Return the decorators of the list view and of the detail view of objects with these names."""
    name, names = one.replace(" ", "_").replace("-", "_"), many.replace(" ", "_").replace("-", "_")
    article = "an" if one[0] in "aeiou" else "a"
    permission = f"Allowed for {allowed}."
    rows = describe_view(
        heading,
        get=_operation(
            f"list_{names}",
            f"List {many}.",
            f"The objects that the user sees. {note}",
            parameters=NUMBERED_PAGE_PARAMETERS,
        ),
        post=_operation(f"create_{name}", f"Add {article} {one}.", f"{permission} {create_note}"),
    )
    row = describe_view(
        heading,
        get=_operation(f"get_{name}", f"Show {article} {one}.", note),
        delete=_operation(f"delete_{name}", f"Delete {article} {one}.", permission, responses={204: None}),
    )
    return rows, row


def _operation(operation_id: str, summary: str, description: str, **others: Any) -> dict[str, Any]:
    return {"operation_id": operation_id, "summary": summary, "description": description.strip(), **others}


_OWNERS = "staff and owners of the customer"
_ALIAS = "The same as `/api/project-cloud-memberships/`."

customer_list, customer = _describe(INVENTORY, "customer", "customers", allowed="staff")
project_list, project = _describe(
    INVENTORY,
    "project",
    "projects",
    allowed=f"{_OWNERS}, and users who manage all of the given project groups, at least one",
)
project_group_list, project_group = _describe(INVENTORY, "project group", "project groups", allowed=_OWNERS)
project_group_membership_list, project_group_membership = _describe(
    INVENTORY,
    "project group membership",
    "project group memberships",
    allowed=_OWNERS,
    create_note="Group and project belong to the same customer.",
)
cloud_list, cloud = _describe(INVENTORY, "cloud", "clouds", allowed=_OWNERS)
_SAME = "Project and cloud belong to the same customer."
project_cloud_membership_list, project_cloud_membership = _describe(
    INVENTORY, "project-cloud membership", "project-cloud memberships", allowed=_OWNERS, create_note=_SAME
)
cloud_project_membership_list, cloud_project_membership = _describe(
    INVENTORY, "cloud-project membership", "cloud-project memberships", allowed=_OWNERS, create_note=_SAME, note=_ALIAS
)
instance_list, instance = _describe(INVENTORY, "instance", "instances", allowed=f"{_OWNERS}, and admins of the project")
customer_role_list, customer_role = _describe(
    PERMISSIONS, "customer permission", "customer permissions", allowed=_OWNERS, note="A role in a customer: `owner`."
)
project_role_list, project_role = _describe(
    PERMISSIONS,
    "project permission",
    "project permissions",
    allowed=f"{_OWNERS}, and managers of a group that the project is in",
    note="A role in a project: `admin` or `manager`.",
)
project_group_role_list, project_group_role = _describe(
    PERMISSIONS,
    "project group permission",
    "project group permissions",
    allowed=_OWNERS,
    note="A role in a project group: `manager`.",
)
user_list = describe_view(
    PERMISSIONS,
    get={
        "operation_id": "list_users",
        "summary": "List users.",
        "description": "The user itself, and users with a role that it sees. Staff sees all.",
        "parameters": [CURRENT, *NUMBERED_PAGE_PARAMETERS],
    },
)
user = describe_view(
    PERMISSIONS,
    get={
        "operation_id": "show_user",
        "summary": "Show a user.",
        "description": "The users that `GET /api/users/` lists.",
    },
)
