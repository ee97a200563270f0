"""The REST API of the inventory: show, create, refuse and delete objects (contract, section 8)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.inventory.models import ProjectGroupMembership
from tests.tables import for_each

from .factories import (
    make_cloud,
    make_cloud_membership,
    make_customer,
    make_instance,
    make_project,
    make_project_group,
    make_role,
)
from .requests import link_to, path_to

pytestmark = pytest.mark.once

HEX = re.compile("[0-9a-f]{32}")


def shown(row, **values) -> dict:
    return {"url": link_to(row), "uuid": row.uuid.hex, **values}


def whole_face_of(place) -> dict:
    """What each object of the place looks like on the wire."""
    customer, project = link_to(place.customer), link_to(place.project)
    group = {"url": link_to(place.group), "uuid": place.group.uuid.hex, "name": "Group"}
    return {
        "customer": shown(
            place.customer, name="Customer", native_name="Kunde", abbreviation="CU", contact_details="Call us."
        ),
        "project": shown(
            place.project, name="Project", customer=customer, description="of a group", project_groups=[group]
        ),
        "group": shown(place.group, name="Group", customer=customer, description="of projects"),
        "group_membership": shown(place.group_membership, project_group=link_to(place.group), project=project),
        "cloud": shown(place.cloud, name="Cloud", customer=customer, auth_url="https://keystone:5000/v3"),
        "membership": shown(place.membership, project=project, cloud=link_to(place.cloud)),
        "instance": shown(
            place.instance,
            name="Instance",
            project=project,
            cloud_project_membership=link_to(place.membership),
            description="in a cloud",
        ),
    }


NAMES = ["customer", "project", "group", "group_membership", "cloud", "membership", "instance"]


@pytest.mark.parametrize("name", NAMES)
def test_object_is_equal_alone_and_in_the_list(place, as_owner, name):
    row = getattr(place, name)

    assert as_owner.get(path_to(row)).json() == whole_face_of(place)[name]
    answer = as_owner.get(f"/api/{row.collection}/")
    assert answer.json() == [whole_face_of(place)[name]]
    assert answer["X-Result-Count"] == "1"


def test_links_have_the_host_of_the_request(place, as_owner, settings):
    settings.ALLOWED_HOSTS = ["argus.example.org"]
    answer = as_owner.get(path_to(place.instance), HTTP_HOST="argus.example.org", secure=True).json()

    assert answer["url"] == f"https://argus.example.org{path_to(place.instance)}"
    assert answer["project"] == f"https://argus.example.org{path_to(place.project)}"


@pytest.mark.parametrize("name", NAMES)
def test_invisible_object_is_like_a_missing_one(place, people, name):
    row = getattr(place, name)
    nowhere = f"/api/{row.collection}/{'0' * 32}/"
    for person in ("user without role", "owner elsewhere"):
        client = people[person]
        for method in ("get", "delete"):
            out_of_sight, missing = (getattr(client, method)(path) for path in (path_to(row), nowhere))
            assert out_of_sight.status_code == missing.status_code == 404
            assert out_of_sight.content == missing.content
        assert row.uuid.hex not in client.get(f"/api/{row.collection}/").content.decode()
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.both
@for_each("name", NAMES)
def test_uuid_with_dashes_or_capitals_is_404(place, as_staff, name):
    row = getattr(place, name)
    for uuid in (str(row.uuid), "A" * 32, row.uuid.hex[:-1], f"{row.uuid.hex}0", "1", "%00"):
        assert as_staff.get(f"/api/{row.collection}/{uuid}/").status_code == 404


@for_each("name", NAMES)
def test_objects_cannot_be_changed_over_rest(place, as_staff, name):
    row = getattr(place, name)
    before = as_staff.get(path_to(row)).json()
    for method in ("put", "patch", "post"):
        answer = getattr(as_staff, method)(path_to(row), before | {"name": "new"})
        assert answer.status_code == 405
        assert list(answer.json()) == ["detail"]
    assert as_staff.get(path_to(row)).json() == before


@for_each("name", NAMES)
def test_requests_without_a_token_get_401(place, as_stranger, name):
    row = getattr(place, name)
    for method, path in [("get", path_to(row)), ("delete", path_to(row)), ("get", ""), ("post", "")]:
        answer = getattr(as_stranger, method)(path or f"/api/{row.collection}/", {})
        assert answer.status_code == 401
        assert list(answer.json()) == ["detail"]


def test_membership_has_two_urls_and_shows_the_first(place, as_owner):
    first, second = path_to(place.membership), path_to(place.membership).replace("project-cloud", "cloud-project")

    assert as_owner.get(second).json() == as_owner.get(first).json() == whole_face_of(place)["membership"]
    assert (
        as_owner.get("/api/cloud-project-memberships/").json() == as_owner.get("/api/project-cloud-memberships/").json()
    )
    new = {"project": path_to(place.project), "cloud": path_to(make_cloud(place.customer))}
    made = as_owner.post("/api/cloud-project-memberships/", new)
    assert made.status_code == 201
    assert "/api/project-cloud-memberships/" in made.json()["url"]
    other_name = made.json()["url"].replace("project-cloud", "cloud-project")
    body = {"name": "a", "project": path_to(place.project), "cloud_project_membership": other_name}
    assert as_owner.post("/api/instances/", body).json()["cloud_project_membership"] == made.json()["url"]


@pytest.mark.both
def test_project_shows_visible_groups_only(place, people, other_group, grouped):
    grouped(other_group)

    def names(person):
        return [group["name"] for group in people[person].get(path_to(place.project)).json()["project_groups"]]

    assert names("staff") == names("owner") == names("admin") == ["Group", "Other group"]
    assert names("group manager") == ["Group"]


# Making


def new_bodies(place) -> dict:
    """A body for each list of the inventory, and what is shown of it beside address and UUID."""
    customer = link_to(place.customer)
    lone = make_project(place.customer)
    text = {"name": "New", "description": "Fresh"}
    return {
        "customers": {"name": "New", "native_name": "Ny", "abbreviation": "N" * 8, "contact_details": "c" * 500},
        "projects": {**text, "customer": customer, "project_groups": [{"url": link_to(place.group)}]},
        "project-groups": {**text, "customer": customer},
        "project-group-memberships": {"project_group": link_to(place.group), "project": link_to(lone)},
        "clouds": {"name": "New", "customer": customer, "auth_url": "http://localhost:5000"},
        "project-cloud-memberships": {"project": link_to(lone), "cloud": link_to(place.cloud)},
        "instances": {
            **text,
            "project": link_to(place.project),
            "cloud_project_membership": link_to(place.membership),
        },
    }


COLLECTIONS = [
    "customers",
    "projects",
    "project-groups",
    "project-group-memberships",
    "clouds",
    "project-cloud-memberships",
    "instances",
]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_posted_object_is_returned_and_stored(place, as_staff, collection):
    body = new_bodies(place)[collection]
    answer = as_staff.post(f"/api/{collection}/", body)
    made = answer.json()

    assert answer.status_code == 201, made
    assert answer["Location"] == made["url"]
    assert HEX.fullmatch(made["uuid"])
    assert made["url"] == f"http://testserver/api/{collection}/{made['uuid']}/"
    groups = {"project_groups": [{"url": link_to(place.group), "uuid": place.group.uuid.hex, "name": "Group"}]}
    assert made == {"url": made["url"], "uuid": made["uuid"], **body, **(groups if collection == "projects" else {})}
    assert as_staff.get(made["url"]).json() == made


NEEDED = {
    "customers": {"name"},
    "projects": {"name", "customer"},
    "project-groups": {"name", "customer"},
    "project-group-memberships": {"project_group", "project"},
    "clouds": {"name", "customer"},
    "project-cloud-memberships": {"project", "cloud"},
    "instances": {"name", "project"},
}


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_required_fields_suffice_and_missing_ones_are_reported_together(place, as_staff, collection):
    answer = as_staff.post(f"/api/{collection}/", {})
    assert answer.status_code == 400
    assert answer.json() == {name: ["This field is required."] for name in NEEDED[collection]}

    body = {name: value for name, value in new_bodies(place)[collection].items() if name in NEEDED[collection]}
    made = as_staff.post(f"/api/{collection}/", body)
    assert made.status_code == 201
    left_out = made.json().keys() - body.keys() - {"url", "uuid"}
    empty = {"project_groups": [], "cloud_project_membership": None}
    assert {name: made.json()[name] for name in left_out} == {name: empty.get(name, "") for name in left_out}


@for_each(
    "collection, field, length",
    [
        ("customers", "name", 150),
        ("customers", "native_name", 150),
        ("customers", "abbreviation", 8),
        ("customers", "contact_details", 500),
        ("projects", "name", 150),
        ("projects", "description", 2000),
        ("project-groups", "name", 150),
        ("clouds", "name", 150),
        ("instances", "name", 150),
    ],
)
def test_texts_have_maximal_lengths(place, as_staff, collection, field, length):
    body = new_bodies(place)[collection]

    assert as_staff.post(f"/api/{collection}/", body | {field: "x" * length}).json()[field] == "x" * length
    answer = as_staff.post(f"/api/{collection}/", body | {field: "x" * (length + 1)})
    assert (answer.status_code, list(answer.json())) == (400, [field])


@for_each("collection", [name for name in COLLECTIONS if "name" in NEEDED[name]])
def test_blank_name_is_refused(place, as_staff, collection):
    for name in ("", "  "):
        answer = as_staff.post(f"/api/{collection}/", new_bodies(place)[collection] | {"name": name})
        assert answer.json() == {"name": ["This field may not be blank."]}


@for_each("url", ["ftp://x", "keystone:5000", "javascript:alert(1)", "http://", "http://a b", "x" * 3000])
def test_auth_url_must_be_http_or_https(place, as_staff, url):
    answer = as_staff.post("/api/clouds/", {"name": "a", "customer": link_to(place.customer), "auth_url": url})
    assert (answer.status_code, list(answer.json())) == (400, ["auth_url"])


def test_uuid_and_url_in_the_body_are_ignored(place, as_staff):
    old = path_to(place.customer)
    made = as_staff.post("/api/customers/", {"name": "New", "url": old, "uuid": place.customer.uuid.hex})
    assert made.status_code == 201
    assert made.json()["uuid"] != place.customer.uuid.hex


LINKS = [
    (collection, field)
    for collection, fields in (NEEDED | {"instances": {"project", "cloud_project_membership"}}).items()
    for field in sorted(fields - {"name"})
]


@pytest.mark.parametrize(("collection", "field"), LINKS)
def test_link_may_have_any_host_or_none(place, as_staff, collection, field):
    for host in ("", "http://testserver", "https://other.example.org:8443"):
        body = new_bodies(place)[collection]
        link = body[field].replace("http://testserver", host)
        made = as_staff.post(f"/api/{collection}/", body | {field: link})
        assert made.json()[field] == body[field]
        as_staff.delete(made.json()["url"])


@for_each("collection, field", LINKS)
def test_invalid_link_is_400_on_its_field(place, people, collection, field):
    body, far = new_bodies(place)[collection], make_project(make_customer())
    far_group = make_project_group(far.customer)
    out_of_sight = {
        "customer": far.customer,
        "project": far,
        "project_group": far_group,
        "cloud": make_cloud(far.customer),
        "cloud_project_membership": make_cloud_membership(far),
    }[field]
    wrong = [
        link_to(out_of_sight),
        re.sub("[0-9a-f]{32}", "0" * 32, body[field]),
        link_to(people["owner"].user),
        re.sub("[0-9a-f]{32}/$", "", body[field]),
        "nonsense",
        "",
        "http://[",
        "\x00",
        5,
        True,
        [],
        {},
        {"url": body[field]},
        [body[field]],
        *([] if field == "cloud_project_membership" else [None]),
    ]
    for link in wrong:
        answer = people["owner"].post(f"/api/{collection}/", body | {field: link})
        assert answer.status_code == 400, link
        assert list(answer.json()) == [field], link
    texts = {str(people["owner"].post(f"/api/{collection}/", body | {field: link}).json()) for link in wrong[:4]}
    assert len(texts) == 1


def test_invalid_groups_of_a_project_are_reported_by_position(place, as_owner, django_assert_max_num_queries):
    body = {"name": "New", "customer": link_to(place.customer)}
    far = make_project_group()
    groups = [{"url": link_to(place.group)}, {"url": link_to(far)}, {"url": 5}, "x", {}]

    answer = as_owner.post("/api/projects/", body | {"project_groups": groups})
    assert answer.status_code == 400
    errors = answer.json()["project_groups"]
    assert [list(error) for error in errors] == [[], [], ["url"], ["non_field_errors"], ["url"]]
    errors = as_owner.post("/api/projects/", body | {"project_groups": groups[:2]}).json()["project_groups"]
    assert [list(error) for error in errors] == [[], ["url"]]
    for wrong in ("x", {}, None, 5, [[]]):
        answer = as_owner.post("/api/projects/", body | {"project_groups": wrong})
        assert (answer.status_code, list(answer.json())) == (400, ["project_groups"]), wrong
    with django_assert_max_num_queries(40):
        assert as_owner.post("/api/projects/", body | {"project_groups": groups[:1] * 500}).status_code == 201


def test_duplicate_group_counts_once(place, as_owner):
    body = {"name": "New", "customer": link_to(place.customer), "project_groups": [{"url": link_to(place.group)}] * 2}
    made = as_owner.post("/api/projects/", body).json()
    assert [group["name"] for group in made["project_groups"]] == ["Group"]


def test_objects_of_two_customers_cannot_be_connected(place, as_staff):
    far = make_project()
    far_group, far_cloud = make_project_group(far.customer), make_cloud(far.customer)
    mixtures = {
        ("projects", "project_groups"): {
            "name": "a",
            "customer": link_to(place.customer),
            "project_groups": [{"url": link_to(far_group)}],
        },
        ("project-group-memberships", "project"): {"project_group": link_to(place.group), "project": link_to(far)},
        ("project-cloud-memberships", "cloud"): {"project": link_to(place.project), "cloud": link_to(far_cloud)},
        ("instances", "cloud_project_membership"): {
            "name": "a",
            "project": link_to(far),
            "cloud_project_membership": link_to(place.membership),
        },
    }
    for (collection, field), body in mixtures.items():
        answer = as_staff.post(f"/api/{collection}/", body)
        assert (answer.status_code, list(answer.json())) == (400, [field])


@pytest.mark.both
def test_duplicate_membership_is_refused(place, as_staff):
    for collection, body in [
        ("project-group-memberships", {"project_group": link_to(place.group), "project": link_to(place.project)}),
        ("project-cloud-memberships", {"project": link_to(place.project), "cloud": link_to(place.cloud)}),
    ]:
        answer = as_staff.post(f"/api/{collection}/", body)
        assert (answer.status_code, list(answer.json())) == (400, ["non_field_errors"])
    assert ProjectGroupMembership.objects.count() == 1


# Deleting


@pytest.mark.both
def test_object_in_use_cannot_be_deleted(place, as_staff):
    for row in (place.customer, place.project, place.group, place.cloud, place.membership):
        answer = as_staff.delete(path_to(row))
        assert answer.status_code == 409
        assert list(answer.json()) == ["detail"]
        assert as_staff.get(path_to(row)).status_code == 200


@pytest.mark.both
def test_customer_with_a_group_or_a_project_cannot_be_deleted(as_staff):
    for row in (make_project(), make_project_group()):
        assert as_staff.delete(path_to(row.customer)).status_code == 409


@pytest.mark.both
def test_everything_can_be_deleted_from_the_leaves_up(place, as_staff):
    for name in ("instance", "membership", "cloud", "group_membership", "group", "project", "customer"):
        answer = as_staff.delete(path_to(getattr(place, name)))
        assert (answer.status_code, answer.content) == (204, b""), name
        assert as_staff.get(path_to(getattr(place, name))).status_code == 404
        assert as_staff.delete(path_to(getattr(place, name))).status_code == 404


@pytest.mark.both
def test_memberships_clouds_and_roles_are_deleted_with_their_object(place, as_staff):
    as_staff.delete(path_to(place.instance))
    role = make_role(place.project)

    assert as_staff.delete(path_to(place.project)).status_code == 204
    for row in (place.group_membership, place.membership, role):
        assert as_staff.get(path_to(row)).status_code == 404
    assert as_staff.delete(path_to(place.group)).status_code == 204
    assert as_staff.delete(path_to(place.customer)).status_code == 204
    assert as_staff.get(path_to(place.cloud)).status_code == 404


# Lists


@pytest.mark.both
@pytest.mark.parametrize("person", ["staff", "owner", "admin", "group manager"])
def test_list_query_count_is_constant(place, people, person):
    def queries(collection) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert people[person].get(f"/api/{collection}/?page_size=100").status_code == 200
        return len(found)

    before = {name: queries(name) for name in [*COLLECTIONS, "users", "project-permissions"]}
    for _ in range(50):
        project = make_project(place.customer, place.group)
        make_instance(project, make_cloud_membership(project))
        make_role(project, people[person].user)
        make_role(make_project_group(place.customer), people[person].user)
        make_role(make_customer(), people[person].user)
    assert {name: queries(name) for name in before} == before
    assert len(people[person].get("/api/instances/?page_size=100").json()) == 51
    assert max(before.values()) <= 5
