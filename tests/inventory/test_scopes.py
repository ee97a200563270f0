"""Scopes: found by links with any host, with their parents."""

import pytest

from argus.inventory.scopes import SCOPES, ScopeParents, get_parents, resolve_scope
from tests.factories import make_user

from .factories import (
    make_cloud_membership,
    make_group_membership,
    make_instance,
    make_project,
    make_project_group,
    make_role,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def scopes() -> dict:
    """One of each kind, around one instance."""
    project = make_project()
    group = make_project_group(project.customer, name="b")
    make_group_membership(group, project)
    make_group_membership(make_project_group(project.customer, name="c"), project)
    membership = make_cloud_membership(project)
    return {
        "customer": project.customer,
        "project": project,
        "project_group": group,
        "instance": make_instance(project, membership),
        "cloud_project_membership": membership,
        "cloud": membership.cloud,
    }


def path_of(scope, collection: str = "") -> str:
    return f"/api/{collection or scope.collection}/{scope.uuid.hex}/"


def test_kinds_of_scopes_match_the_contract(scopes):
    assert set(SCOPES) == set(scopes)
    assert {kind: model.kind for kind, model in SCOPES.items()} == {kind: kind for kind in scopes}


@pytest.mark.parametrize("kind", SCOPES)
@pytest.mark.parametrize("host", ["", "http://testserver", "https://elsewhere.example.org:8443", "//x"])
def test_every_kind_is_found_by_link_with_any_host(scopes, kind, host, django_assert_num_queries):
    staff = make_staff()
    with django_assert_num_queries(1):
        assert resolve_scope(host + path_of(scopes[kind]), user=staff) == scopes[kind]


def test_membership_is_found_by_both_paths(scopes):
    membership = scopes["cloud_project_membership"]
    assert resolve_scope(path_of(membership, "cloud-project-memberships"), user=make_staff()) == membership


@pytest.mark.parametrize("kind", SCOPES)
def test_invisible_scope_is_not_found(scopes, kind):
    assert resolve_scope(path_of(scopes[kind]), user=make_user()) is None
    assert resolve_scope(path_of(scopes[kind]), user=make_role(scopes["project"]).user) == scopes[kind]


def test_other_links_find_nothing(scopes):
    project, staff = scopes["project"], make_staff()
    links = [
        "",
        "nonsense",
        "/",
        "/api/projects/",
        f"/api/projects/{project.uuid}/",
        f"/api/projects/{project.uuid.hex.upper()}/",
        f"/api/projects/{project.uuid.hex}",
        f"/api/instances/{project.uuid.hex}/",
        f"/api/users/{staff.uuid.hex}/",
        f"/api/project-permissions/{make_role(project).uuid.hex}/",
        f"/elsewhere{path_of(project)}",
        f"{path_of(project)}more/",
        "http://[",
        "\x00",
        "/api/projects/" + "0" * 100_000,
        path_of(project).replace("/", "%2F"),
    ]
    assert [link for link in links if resolve_scope(link, user=staff)] == []


@pytest.mark.parametrize(
    ("kind", "around"),
    [
        ("customer", []),
        ("project", ["project", "project_group"]),
        ("project_group", ["project_group"]),
        ("cloud", ["cloud"]),
        ("cloud_project_membership", ["project", "project_group", "cloud"]),
        ("instance", ["project", "project_group", "cloud"]),
    ],
)
def test_parents_of_a_scope_need_one_query(scopes, kind, around, django_assert_max_num_queries):
    scope = resolve_scope(path_of(scopes[kind]), user=make_staff())
    with django_assert_max_num_queries(1):
        found = get_parents(scope)
    assert found == ScopeParents(scopes["customer"], **{name: scopes[name] for name in around})


def test_instance_without_cloud_and_group():
    instance = make_instance()
    assert get_parents(instance) == ScopeParents(instance.project.customer, instance.project)
