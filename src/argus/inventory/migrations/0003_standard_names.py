from django.db import migrations, models
from django.db.models import Q

from argus.util.migrations import RenameConstraint


def unique(model: str, *fields: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=fields, name=f"{model}_{'_'.join(fields)}_uniq")


def role_check(model: str, *roles: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(role__in=list(roles)), name=f"{model}_role_check")


class Migration(migrations.Migration):
    """Give indexes and constraints standard names. Nothing is built again."""

    dependencies = [("argus_inventory", "0002_in_the_order_of_names")]

    operations = [
        migrations.RenameIndex("project", old_name="project_by_name", new_name="project_name_id_idx"),
        migrations.RenameIndex("instance", old_name="instance_by_name", new_name="instance_name_id_idx"),
        RenameConstraint(
            "projectgroupmembership", "project_once_in_group", unique("projectgroupmembership", "project_group", "project")
        ),
        RenameConstraint(
            "projectcloudmembership", "cloud_once_in_project", unique("projectcloudmembership", "project", "cloud")
        ),
        RenameConstraint("customerrole", "customer_role_once", unique("customerrole", "customer", "user", "role")),
        RenameConstraint("customerrole", "customer_role_known", role_check("customerrole", "owner")),
        RenameConstraint("projectrole", "project_role_once", unique("projectrole", "project", "user", "role")),
        RenameConstraint("projectrole", "project_role_known", role_check("projectrole", "admin", "manager")),
        RenameConstraint(
            "projectgrouprole",
            "project_group_role_once",
            unique("projectgrouprole", "project_group", "user", "role"),
        ),
        RenameConstraint("projectgrouprole", "project_group_role_known", role_check("projectgrouprole", "manager")),
    ]
