"""The inventory in the admin: every page opens, and changes are made by the services."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from argus.inventory.models import (
    Cloud,
    Customer,
    CustomerRole,
    Instance,
    Project,
    ProjectCloudMembership,
    ProjectGroup,
    ProjectGroupMembership,
    ProjectGroupRole,
    ProjectRole,
)
from argus.inventory.signals import scopes_deleted
from tests.admin_pages import Admin
from tests.factories import make_user

from .factories import (
    make_cloud_membership,
    make_customer,
    make_group_membership,
    make_instance,
    make_project,
    make_project_group,
    make_role,
    make_staff,
)


@pytest.fixture
def boss(db) -> Admin:
    return Admin()


def one_of_each(customer=None) -> dict:
    """A row of each kind. Things hang on each other, so that no page of deletion is empty."""
    project = make_project(customer or make_customer())
    group, membership = make_project_group(project.customer), make_cloud_membership(project)
    rows = [
        project.customer,
        project,
        group,
        make_group_membership(group, project),
        membership.cloud,
        membership,
        make_instance(project, membership),
        make_role(project.customer),
        make_role(project),
        make_role(group),
    ]
    return {type(row): row for row in rows}


MODELS = [
    Customer,
    Project,
    ProjectGroup,
    ProjectGroupMembership,
    Cloud,
    ProjectCloudMembership,
    Instance,
    CustomerRole,
    ProjectRole,
    ProjectGroupRole,
]


@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_and_rows_are_found_by_word_and_by_uuid(boss, model):
    row = one_of_each()[model]
    one_of_each()

    assert row in boss.rows(model)
    assert boss.rows(model, q=row.uuid.hex) == boss.rows(model, q=f" {str(row.uuid).upper()}") == [row]
    assert len(boss.rows(model, q="e")) in {1, 2}
    assert boss.rows(model, q="nothing of that name") == []
    assert boss.get(model, q="a\x00b").status_code == 200
    assert row.uuid.hex in boss.get(model, "change", row.pk).content.decode()
    assert boss.get(model, "add").status_code == 200
    assert boss.get(model, "delete", row.pk).status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("model", MODELS)
def test_list_query_count_does_not_depend_on_rows(boss, model):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert boss.rows(model)
        return len(found)

    customer = make_customer()
    one_of_each(customer)
    boss.rows(model)
    few = queries()
    for _ in range(4):
        one_of_each()
    assert queries() == few


@pytest.mark.once
def test_admin_creates_by_services(boss):
    user = make_user()
    boss.save(Customer, name="Customer", abbreviation="CU")
    customer = Customer.objects.get()
    boss.save(Project, name="Project", customer=customer.pk)
    boss.save(ProjectGroup, name="Group", customer=customer.pk, description="of projects")
    boss.save(Cloud, name="Cloud", customer=customer.pk, auth_url="https://keystone:5000")
    project, group, cloud = Project.objects.get(), ProjectGroup.objects.get(), Cloud.objects.get()
    boss.save(ProjectGroupMembership, project=project.pk, project_group=group.pk)
    boss.save(ProjectCloudMembership, project=project.pk, cloud=cloud.pk)
    membership = ProjectCloudMembership.objects.get()
    boss.save(Instance, name="Instance", project=project.pk, cloud_project_membership=membership.pk)
    boss.save(Instance, name="Nowhere", project=project.pk)
    boss.save(CustomerRole, customer=customer.pk, user=user.pk, role="owner")
    boss.save(ProjectRole, project=project.pk, user=user.pk, role="manager")
    boss.save(ProjectGroupRole, project_group=group.pk, user=user.pk, role="manager")

    assert (customer.abbreviation, group.description) == ("CU", "of projects")
    assert list(group.projects.all()) == [project]
    assert str(membership) == "Cloud | Project"
    assert [one.cloud_project_membership for one in Instance.objects.order_by("name")] == [membership, None]
    assert str(ProjectRole.objects.get()) == f"{user} is manager of Project"
    assert LogEntry.objects.count() == 11


@pytest.mark.once
def test_refusal_of_a_service_is_a_form_error(boss):
    near, far = one_of_each(), one_of_each()
    role = near[ProjectRole]
    refused = [
        (
            ProjectGroupMembership,
            {"project": near[Project].pk, "project_group": far[ProjectGroup].pk},
            "another customer",
        ),
        (ProjectCloudMembership, {"project": near[Project].pk, "cloud": near[Cloud].pk}, "already"),
        (
            Instance,
            {"name": "a", "project": far[Project].pk, "cloud_project_membership": near[ProjectCloudMembership].pk},
            "another project",
        ),
        (Cloud, {"name": "a", "customer": near[Customer].pk, "auth_url": "javascript:x"}, "http"),
        (ProjectRole, {"project": role.project_id, "user": role.user_id, "role": "admin"}, "already"),
    ]
    for model, fields, complaint in refused:
        before = model.objects.count()
        (error,) = boss.errors(boss.send(model, **fields))
        assert complaint in error
        assert model.objects.count() == before


@pytest.mark.once
@pytest.mark.parametrize("model", MODELS)
def test_objects_cannot_be_changed(boss, model):
    row = one_of_each()[model]
    response = boss.client.post(boss.url(model, "change", row.pk), {"name": "new"})

    assert response.status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_deletion_sends_the_signal_and_keeps_objects_in_use(boss):
    told = []

    def listen(sender, scopes, **kwargs):
        told.extend(scope.uuid for scope in scopes)

    scopes_deleted.connect(listen)
    try:
        rows = one_of_each()
        for model in (Customer, Project, ProjectGroup, Cloud, ProjectCloudMembership):
            boss.delete(model, rows[model].pk)
            assert model.objects.filter(pk=rows[model].pk).exists()
        assert told == []
        for model in (
            Instance,
            ProjectGroupMembership,
            CustomerRole,
            ProjectRole,
            ProjectGroupRole,
            ProjectGroup,
            Project,
        ):
            boss.delete(model, rows[model].pk)
            assert not model.objects.filter(pk=rows[model].pk).exists()
        boss.delete_selected(Customer, [rows[Customer].pk])
    finally:
        scopes_deleted.disconnect(listen)

    assert not Customer.objects.exists()
    scopes = (Instance, ProjectGroup, Project, ProjectCloudMembership, Customer, Cloud)
    assert told == [rows[model].uuid for model in scopes]


def test_staff_without_permissions_get_403(db):
    admin = Admin(make_staff())
    customer = make_customer()
    for model in MODELS:
        assert admin.get(model).status_code == 403
    assert admin.delete(Customer, customer.pk).status_code == 403


@pytest.mark.parametrize("key", ["x", "9" * 30, "\x00", "-1", "1.5"])
def test_pages_of_missing_objects_redirect_to_the_list(boss, key):
    for model in MODELS:
        assert boss.get(model, "change", key).status_code == 302
