"""Who may create and delete objects, and grant and revoke roles (contract, section 8)."""

import pytest

from argus.inventory.deletion import delete_instance
from argus.inventory.models import CustomerRole, ProjectGroupRole, ProjectRole
from tests.factories import make_client, make_user

from .factories import STAFF as STAFF_ACTOR
from .factories import (
    make_cloud,
    make_group_membership,
    make_project,
    make_project_group,
    make_role,
    take_away,
)
from .requests import link_to, path_to, undone

pytestmark = pytest.mark.once

STAFF = {"staff", "superuser"}
OWNERS = {*STAFF, "owner"}
STRANGERS = {"user without role", "owner elsewhere"}


def bodies(place) -> dict:
    """For each list: a body, and who may post it."""
    customer, project, group = (link_to(one) for one in (place.customer, place.project, place.group))
    lone, person = make_project(place.customer, place.group), link_to(place.person)
    unheld = make_project_group(place.customer)
    # Users who see the project see its groups; only owners have a role in this one.
    make_group_membership(unheld, place.project)
    return {
        "a project in no group": ("projects", {"name": "a", "customer": customer}, OWNERS),
        "a project in the group": (
            "projects",
            {"name": "a", "customer": customer, "project_groups": [{"url": group}]},
            {*OWNERS, "group manager"},
        ),
        "a group": ("project-groups", {"name": "a", "customer": customer}, OWNERS),
        "a cloud": ("clouds", {"name": "a", "customer": customer}, OWNERS),
        "a cloud of a project": (
            "project-cloud-memberships",
            {"project": project, "cloud": link_to(make_cloud(place.customer))},
            OWNERS,
        ),
        "an instance": ("instances", {"name": "a", "project": project}, {*OWNERS, "admin"}),
        "an owner": ("customer-permissions", {"customer": customer, "user": person, "role": "owner"}, OWNERS),
        "an admin": (
            "project-permissions",
            {"project": project, "user": person, "role": "admin"},
            {*OWNERS, "group manager"},
        ),
        "a manager": (
            "project-permissions",
            {"project": project, "user": person, "role": "manager"},
            {*OWNERS, "group manager"},
        ),
        "an admin of a project elsewhere in the group": (
            "project-permissions",
            {"project": link_to(lone), "user": person, "role": "admin"},
            {*OWNERS, "group manager"},
        ),
        "a group manager": (
            "project-group-permissions",
            {"project_group": group, "user": person, "role": "manager"},
            OWNERS,
        ),
    }


# These requests name objects that users of the project do not see.
INVISIBLE_FOR_PROJECT_USERS = {"a cloud of a project", "an admin of a project elsewhere in the group"}
KINDS = [
    "a project in no group",
    "a project in the group",
    "a group",
    "a cloud",
    "a cloud of a project",
    "an instance",
    "an owner",
    "an admin",
    "a manager",
    "an admin of a project elsewhere in the group",
    "a group manager",
]


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_post(place, people, kind):
    collection, body, may = bodies(place)[kind]
    for who, client in people.items():
        with undone():
            answer = client.post(f"/api/{collection}/", body)

        if who in may:
            assert answer.status_code == 201, (who, answer.json())
        elif who in STRANGERS or (who in {"admin", "manager"} and kind in INVISIBLE_FOR_PROJECT_USERS):
            assert answer.status_code == 400, who
            assert answer.json().keys() <= body.keys() - {"name", "role", "user"}
        else:
            assert (answer.status_code, list(answer.json())) == (403, ["detail"]), who


def test_only_staff_create_customers_and_others_get_403_before_validation(people):
    for who, client in people.items():
        if who in STAFF:
            assert client.post("/api/customers/", {"name": "a"}).status_code == 201
            continue
        for body in ({"name": "a"}, {}, [], {"name": ["x"]}):
            answer = client.post("/api/customers/", body)
            assert (answer.status_code, list(answer.json())) == (403, ["detail"])


def test_who_may_put_a_project_into_a_group(place, people):
    group = make_project_group(place.customer)
    make_role(group, people["group manager"].user)
    expected = {"owner": 201, "staff": 201, "superuser": 201, "group manager": 403}
    for who, client in people.items():
        with undone():
            body = {"project_group": link_to(group), "project": link_to(place.project)}
            answer = client.post("/api/project-group-memberships/", body)
        assert answer.status_code == expected.get(who, 400), who


def test_manager_of_some_groups_may_not_create_the_project(place, people):
    other = make_project_group(place.customer)
    make_group_membership(other, place.project)
    client, body = people["group manager"], {"name": "a", "customer": link_to(place.customer)}
    make_role(place.project, client.user)
    both = [{"url": link_to(place.group)}, {"url": link_to(other)}]

    assert client.post("/api/projects/", body | {"project_groups": both}).status_code == 403
    make_role(other, client.user)
    assert client.post("/api/projects/", body | {"project_groups": both}).status_code == 201


@pytest.mark.parametrize(
    ("name", "may", "status"),
    [
        # These two are in use: users who may delete them get 409, others 403 or 404.
        ("customer", STAFF, 409),
        ("group", OWNERS, 409),
        ("project", {*OWNERS, "group manager"}, 204),
        ("group_membership", OWNERS, 204),
        ("cloud", OWNERS, 204),
        ("membership", OWNERS, 204),
        ("instance", {*OWNERS, "admin"}, 204),
    ],
)
def test_who_may_delete(place, people, name, may, status):
    row = getattr(place, name)
    if name in {"project", "cloud", "membership"}:
        delete_instance(place.instance, actor=STAFF_ACTOR)
    for who, client in people.items():
        with undone():
            answer = client.delete(path_to(row))
            assert answer.status_code == (status if who in may else 404 if who in STRANGERS else 403), who
            assert type(row).objects.filter(pk=row.pk).exists() == (answer.status_code != 204)


def test_manager_of_some_groups_may_not_delete_the_project(place, people):
    delete_instance(place.instance, actor=STAFF_ACTOR)
    other = make_project_group(place.customer)
    make_group_membership(other, place.project)
    client = people["group manager"]

    assert client.delete(path_to(place.project)).status_code == 403
    make_role(other, client.user)
    assert client.delete(path_to(place.project)).status_code == 204


# Roles


ROLES = [
    ("customer", "owner", OWNERS),
    ("project", "admin", {*OWNERS, "group manager"}),
    ("project", "manager", {*OWNERS, "group manager"}),
    ("group", "manager", OWNERS),
]


@pytest.mark.parametrize(("name", "role", "may"), ROLES)
def test_who_may_revoke_a_role(place, people, name, role, may):
    granted = make_role(getattr(place, name), place.person, role)
    for who, client in people.items():
        with undone():
            expected = 204 if who in may else 404 if who in STRANGERS else 403
            assert client.delete(path_to(granted)).status_code == expected, who
            assert type(granted).objects.filter(pk=granted.pk).exists() == (expected != 204)


@pytest.mark.parametrize(("name", "role", "may"), ROLES)
def test_role_has_links_to_user_and_object(place, as_owner, name, role, may):
    holder = getattr(place, name)
    granted = make_role(holder, place.person, role)

    shown = as_owner.get(path_to(granted)).json()
    assert shown == {
        "url": link_to(granted),
        "uuid": granted.uuid.hex,
        granted.holder: link_to(holder),
        "user": link_to(place.person),
        "role": role,
    }
    assert shown in as_owner.get(f"/api/{granted.collection}/").json()
    assert as_owner.get(shown["user"]).json()["full_name"] == "Kari Nordmann"


@pytest.mark.both
@pytest.mark.parametrize(("name", "role", "may"), ROLES)
def test_role_takes_effect_when_granted_and_ends_when_deleted(place, as_owner, name, role, may):
    client, holder = make_client(place.person), getattr(place, name)
    model = {"customer": CustomerRole, "project": ProjectRole, "group": ProjectGroupRole}[name]
    body = {model.holder: link_to(holder), "user": link_to(place.person), "role": role}
    assert client.get(path_to(holder)).status_code == 404

    made = as_owner.post(f"/api/{model.collection}/", body)
    assert made.status_code == 201
    assert client.get(path_to(holder)).status_code == 200
    assert client.get(f"/api/{holder.collection}/").json() != []

    assert as_owner.delete(made.json()["url"]).status_code == 204
    assert client.get(path_to(holder)).status_code == 404
    assert client.get(f"/api/{holder.collection}/").json() == []


@pytest.mark.both
@pytest.mark.parametrize(("name", "role", "may"), ROLES)
def test_duplicate_role_is_refused(place, as_owner, name, role, may):
    granted = make_role(getattr(place, name), place.person, role)
    body = {key: value for key, value in as_owner.get(path_to(granted)).json().items() if key not in {"url", "uuid"}}

    answer = as_owner.post(f"/api/{granted.collection}/", body)
    assert (answer.status_code, list(answer.json())) == (400, ["non_field_errors"])


def test_user_may_be_admin_and_manager_of_a_project(place, as_owner):
    for role in ("admin", "manager"):
        body = {"project": link_to(place.project), "user": link_to(place.person), "role": role}
        assert as_owner.post("/api/project-permissions/", body).status_code == 201


@pytest.mark.parametrize(
    ("name", "field", "collection", "roles"),
    [
        ("customer", "customer", "customer-permissions", ["admin", "manager"]),
        ("project", "project", "project-permissions", ["owner"]),
        ("group", "project_group", "project-group-permissions", ["admin", "owner"]),
    ],
)
def test_unknown_role_is_refused(place, as_owner, name, field, collection, roles):
    body = {field: link_to(getattr(place, name)), "user": link_to(place.person)}
    for role in [*roles, "", "Owner", "\x00", 1, None, True, [], {}, ["owner"]]:
        answer = as_owner.post(f"/api/{collection}/", body | {"role": role})
        assert (answer.status_code, list(answer.json())) == (400, ["role"]), role
    assert as_owner.post(f"/api/{collection}/", {}).json().keys() == {field, "user", "role"}


def test_role_needs_a_link_to_an_active_user(place, as_owner):
    gone = make_user(is_active=False)
    body = {"customer": link_to(place.customer), "role": "owner"}
    for link in (link_to(gone), link_to(place.project), f"/api/users/{'0' * 32}/", "/api/users/", "person", 1, None):
        answer = as_owner.post("/api/customer-permissions/", body | {"user": link})
        assert (answer.status_code, list(answer.json())) == (400, ["user"]), link


def test_owner_who_revokes_their_own_role_sees_nothing(place, as_owner):
    own = CustomerRole.objects.get(user=as_owner.user)
    assert as_owner.delete(path_to(own)).status_code == 204
    assert as_owner.get("/api/customers/").json() == []
    assert as_owner.delete(path_to(own)).status_code == 404


def test_revoked_role_allows_nothing(place, people):
    client = people["group manager"]
    take_away(ProjectGroupRole.objects.get(user=client.user))
    make_role(place.project, client.user)
    body = {"project": link_to(place.project), "user": link_to(place.person), "role": "admin"}
    assert client.post("/api/project-permissions/", body).status_code == 403


# Users


def test_current_returns_the_caller_only(place, people):
    for client in people.values():
        for query in ("?current", "?current=", "?current=false"):
            answer = client.get(f"/api/users/{query}")
            user = client.user
            assert answer.json() == [
                {"url": link_to(user), "uuid": user.uuid.hex, "username": user.username, "full_name": ""}
            ]
            assert answer["X-Result-Count"] == "1"


@pytest.mark.both
def test_visible_users_are_the_caller_and_users_with_visible_roles(place, people):
    def names(who):
        return {user["username"] for user in people[who].get("/api/users/?page_size=100").json()}

    def called(*who):
        return {people[one].user.username for one in who}

    assert names("user without role") == called("user without role")
    assert names("owner elsewhere") == called("owner elsewhere")
    team = called("owner", "admin", "manager", "group manager")
    assert names("owner") == names("admin") == names("manager") == names("group manager") == team
    assert names("staff") >= team | called("staff", "user without role", "owner elsewhere")


def test_invisible_user_is_404_and_users_cannot_be_changed(place, people):
    owner, other, staff = (people[who] for who in ("owner", "user without role", "staff"))
    assert owner.get(path_to(other.user)).status_code == 404
    assert staff.get(path_to(other.user)).status_code == 200
    for method in ("post", "put", "patch", "delete"):
        assert getattr(staff, method)(path_to(other.user), {}).status_code == 405
        assert getattr(staff, method)("/api/users/", {}).status_code == 405


def test_users_require_a_token(as_stranger):
    assert as_stranger.get("/api/users/?current").status_code == 401
