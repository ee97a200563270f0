"""The API description of the inventory. Documentation only."""

from drf_spectacular.utils import OpenApiParameter

from argus.api.openapi import NUMBERED_PAGE_PARAMETERS, described

INVENTORY, PERMISSIONS = "Inventory", "Permissions"
CURRENT = OpenApiParameter("current", str, description="If it is there, with any value or none: the caller alone.")


def _listed(heading: str, one: str, many: str, *, who: str, note: str = "", to_post: str = "") -> tuple:
    """Return the decorators of a list and of its rows. ``one`` and ``many`` are what the rows are called."""
    name, names = one.replace(" ", "_").replace("-", "_"), many.replace(" ", "_").replace("-", "_")
    article = "an" if one[0] in "aeiou" else "a"
    rows = described(
        heading,
        get={
            "operation_id": f"list_{names}",
            "summary": f"List {many}.",
            "description": f"Those that the caller sees. {note}".strip(),
            "parameters": NUMBERED_PAGE_PARAMETERS,
        },
        post={
            "operation_id": f"create_{name}",
            "summary": f"Add {article} {one}.",
            "description": f"For {who}. {to_post}".strip(),
        },
    )
    row = described(
        heading,
        get={"operation_id": f"get_{name}", "summary": f"Show {article} {one}.", "description": note},
        delete={
            "operation_id": f"delete_{name}",
            "summary": f"Delete {article} {one}.",
            "description": f"For {who}.",
            "responses": {204: None},
        },
    )
    return rows, row


_OWNERS = "staff and owners of the customer"
_ALIAS = "The same as `/api/project-cloud-memberships/`."

customer_list, customer = _listed(INVENTORY, "customer", "customers", who="staff")
project_list, project = _listed(
    INVENTORY,
    "project",
    "projects",
    who=f"{_OWNERS}, and for who manages all of the project groups named, at least one",
)
project_group_list, project_group = _listed(INVENTORY, "project group", "project groups", who=_OWNERS)
project_group_membership_list, project_group_membership = _listed(
    INVENTORY,
    "project group membership",
    "project group memberships",
    who=_OWNERS,
    to_post="Group and project belong to the same customer.",
)
cloud_list, cloud = _listed(INVENTORY, "cloud", "clouds", who=_OWNERS)
_SAME = "Project and cloud belong to the same customer."
project_cloud_membership_list, project_cloud_membership = _listed(
    INVENTORY, "project-cloud membership", "project-cloud memberships", who=_OWNERS, to_post=_SAME
)
cloud_project_membership_list, cloud_project_membership = _listed(
    INVENTORY, "cloud-project membership", "cloud-project memberships", who=_OWNERS, to_post=_SAME, note=_ALIAS
)
instance_list, instance = _listed(INVENTORY, "instance", "instances", who=f"{_OWNERS}, and for admins of the project")
customer_role_list, customer_role = _listed(
    PERMISSIONS, "customer permission", "customer permissions", who=_OWNERS, note="A role in a customer: `owner`."
)
project_role_list, project_role = _listed(
    PERMISSIONS,
    "project permission",
    "project permissions",
    who=f"{_OWNERS}, and for managers of a group that the project is in",
    note="A role in a project: `admin` or `manager`.",
)
project_group_role_list, project_group_role = _listed(
    PERMISSIONS,
    "project group permission",
    "project group permissions",
    who=_OWNERS,
    note="A role in a project group: `manager`.",
)
user_list = described(
    PERMISSIONS,
    get={
        "operation_id": "list_users",
        "summary": "List users.",
        "description": "The caller, and those of whom the caller sees a role; for staff all.",
        "parameters": [CURRENT, *NUMBERED_PAGE_PARAMETERS],
    },
)
user = described(
    PERMISSIONS,
    get={
        "operation_id": "show_user",
        "summary": "Show a user.",
        "description": "Those that `GET /api/users/` lists.",
    },
)
