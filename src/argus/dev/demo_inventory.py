"""Demo data: a fictitious customer with an inventory, and alerts about it."""

from django.db import transaction

from argus.alert.models import Alert, Severity
from argus.alert.services import acknowledge, close, raise_alert
from argus.auth.models import User
from argus.incident.sources import get_argus_source
from argus.inventory import services
from argus.inventory.models import Customer, ProjectRole, Scope

CUSTOMER = "Example Ltd"


@transaction.atomic
def fill_inventory(admin: User) -> int:
    """Create the customer, with ``admin`` as the administrator of a project, and return the number of alerts.

    Return 0 if the customer exists already.
    """
    if Customer.objects.filter(name=CUSTOMER).exists():
        return 0
    actor = get_argus_source().user
    customer = services.create_customer(CUSTOMER, actor=actor, abbreviation="EX", contact_details="noc@example.org")
    group = services.create_project_group(customer, actor=actor, name="Web")
    shop = services.create_project(customer, actor=actor, name="Shop", project_groups=[group])
    office = services.create_project(customer, actor=actor, name="Backoffice", project_groups=[group])
    cloud = services.create_cloud(customer, actor=actor, name="North", auth_url="https://cloud.example.org:5000/")
    membership = services.link_cloud(shop, actor=actor, cloud=cloud)
    web, database = (
        services.create_instance(shop, actor=actor, name=name, cloud_project_membership=membership)
        for name in ("web1", "db1")
    )
    services.grant_role(shop, actor=actor, user=admin, role=ProjectRole.Kind.ADMIN)
    return len(raise_alerts(actor, admin, shop=shop, office=office, web=web, database=database))


def raise_alerts(actor: User, admin: User, *, shop: Scope, office: Scope, web: Scope, database: Scope) -> list[Alert]:
    """Raise an alert in each state: open, acknowledged, closed; and one that ``admin`` may not see."""

    def report(scope: Scope, alert_type: str, severity: Severity, message: str) -> Alert:
        return raise_alert(scope, actor=actor, alert_type=alert_type, severity=severity, message=message)

    down = report(web, "unreachable", Severity.ERROR, "web1 has not answered for five minutes.")
    full = report(database, "disk_full", Severity.WARNING, "Less than 5 % free on /var.")
    quota = report(shop, "quota_exceeded", Severity.WARNING, "RAM: 99 % of the quota is used.")
    unpaid = report(office, "licence_expires", Severity.INFO, "A licence ends within a month.")
    acknowledge(full, actor=admin)
    close(quota, actor=actor, description="The quota was raised.")
    return [down, full, quota, unpaid]
