"""Sample inventory with alerts, created on the server by a few statements.

Projects belong to customers, forty to each; a customer has five groups of eight projects and a cloud that all its
projects use; a project has four instances. Of the alerts 6 in 10 are on instances, 3 on projects, 1 on memberships, and
a few on customers, groups and clouds. 5 % are open, 10 % acknowledged. Random numbers are the same in every run.
"""

import psycopg2
from psycopg2.extras import register_uuid

from .servers import Accounts

PROJECTS_OF_CUSTOMER, PROJECTS_OF_GROUP = 40, 8

INVENTORY = """
    SELECT setseed(0.25);
    INSERT INTO argus_inventory_customer (uuid, name, native_name, abbreviation, contact_details)
    SELECT gen_random_uuid(), 'Customer ' || n, '', 'C' || n, 'noc' || n || '@example.org'
    FROM generate_series(1, %(customers)s) AS n ORDER BY n;
    INSERT INTO argus_inventory_cloud (uuid, name, auth_url, customer_id)
    SELECT gen_random_uuid(), 'Cloud of ' || name, '', id FROM argus_inventory_customer ORDER BY id;
    INSERT INTO argus_inventory_project (uuid, name, description, customer_id)
    SELECT gen_random_uuid(), 'Project ' || n, '', id
    FROM argus_inventory_customer, generate_series(1, %(projects)s) AS n
    ORDER BY id, n;
    INSERT INTO argus_inventory_projectgroup (uuid, name, description, customer_id)
    SELECT gen_random_uuid(), 'Group ' || n, '', id FROM argus_inventory_customer, generate_series(1, %(groups)s) AS n
    ORDER BY id, n;
    INSERT INTO argus_inventory_projectgroupmembership (uuid, project_group_id, project_id)
    SELECT gen_random_uuid(), g.id, p.id
    FROM (SELECT id, customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY id) - 1 AS n
          FROM argus_inventory_projectgroup) AS g
    JOIN (SELECT id, customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY id) - 1 AS n
          FROM argus_inventory_project) AS p ON p.customer_id = g.customer_id AND p.n / %(in_group)s = g.n;
    INSERT INTO argus_inventory_projectcloudmembership (uuid, project_id, cloud_id)
    SELECT gen_random_uuid(), p.id, c.id FROM argus_inventory_project p
    JOIN argus_inventory_cloud c ON c.customer_id = p.customer_id;
    INSERT INTO argus_inventory_instance (uuid, name, description, project_id, cloud_project_membership_id)
    SELECT gen_random_uuid(), 'Instance ' || n, '', m.project_id, m.id
    FROM argus_inventory_projectcloudmembership m, generate_series(1, 4) AS n;
"""

# Every scope with its place, each kind in an array, so that one can be drawn by its number.
SCOPES = """
    CREATE TEMPORARY TABLE scope AS
    SELECT kind, uuid, place, name, row_number() OVER (PARTITION BY kind ORDER BY uuid) AS n,
           count(*) OVER (PARTITION BY kind) AS size
    FROM (
        SELECT 'customer' AS kind, uuid, uuid AS place, name FROM argus_inventory_customer
        UNION ALL SELECT 'project_group', uuid, uuid, name FROM argus_inventory_projectgroup
        UNION ALL SELECT 'cloud', uuid, uuid, name FROM argus_inventory_cloud
        UNION ALL SELECT 'project', uuid, uuid, name FROM argus_inventory_project
        UNION ALL SELECT 'instance', i.uuid, p.uuid, i.name
                  FROM argus_inventory_instance i JOIN argus_inventory_project p ON p.id = i.project_id
        UNION ALL SELECT 'cloud_project_membership', m.uuid, p.uuid, 'cloud | ' || p.name
                  FROM argus_inventory_projectcloudmembership m JOIN argus_inventory_project p ON p.id = m.project_id
    ) AS every
"""

ALERTS = """
    CREATE TEMPORARY TABLE drawn AS
    SELECT n, gen_random_uuid() AS uuid, kind, floor(random() * size)::int + 1 AS number, opening < 0.05 AS is_open,
           acking < 0.1 AS is_acked, (ARRAY[10, 20, 30, 30, 40])[1 + floor(random() * 5)::int] AS severity,
           date_trunc('milliseconds', now() - interval '365 days' * (1 - n::float / %(size)s)) AS created, length
    FROM (
        SELECT n, random() AS opening, random() AS acking, -ln(1 - random()) AS length,
               (ARRAY['instance', 'instance', 'instance', 'instance', 'instance', 'instance', 'project', 'project',
                      CASE WHEN random() < 0.8 THEN 'project' WHEN random() < 0.5 THEN 'customer'
                           WHEN random() < 0.5 THEN 'project_group' ELSE 'cloud' END,
                      'cloud_project_membership'])[1 + floor(random() * 10)::int] AS kind
        FROM generate_series(1, %(size)s) AS n
    ) AS thrown JOIN (SELECT DISTINCT kind, size FROM scope) AS sizes USING (kind);
    WITH made AS (
        INSERT INTO argus_incident_incident (
            start_time, end_time, source_id, source_incident_id, details_url, description, ticket_url, acked_until,
            restricted, open_key
        )
        SELECT created, CASE WHEN is_open THEN 'infinity'::timestamptz
                             ELSE least(created + interval '4 hours' * length, greatest(created, now())) END,
               %(source)s, uuid::text, '', 'Message number ' || n, '',
               CASE WHEN is_acked THEN 'infinity'::timestamptz END, true, 'alert:' || uuid::text
        FROM drawn ORDER BY n RETURNING id, source_incident_id
    )
    INSERT INTO argus_alert_alert (
        uuid, incident_id, created, alert_type, severity, scope_type, scope_uuid, place_uuid, context
    )
    SELECT drawn.uuid, made.id, created, 'type' || drawn.n, severity, kind, scope.uuid, place,
           jsonb_build_object('scope_uuid', scope.uuid::text, 'scope_name', name, 'customer_name', 'Customer',
                              'customer_uuid', scope.uuid::text, 'customer_abbreviation', 'C',
                              'customer_contact_details', 'noc@example.org', 'project_name', 'Project',
                              'project_uuid', place::text)
    FROM drawn JOIN made ON made.source_incident_id = drawn.uuid::text
    JOIN scope USING (kind) WHERE scope.n = drawn.number
    ORDER BY made.id;
"""


def load(database_url: str, *, size: int, projects: int, accounts: Accounts) -> dict[str, str]:
    """Fill a prepared database, give its accounts roles, and return the token of each role."""
    tokens = {
        role: source["token"]
        for role, source in zip(("admin", "owner", "manager", "staff"), accounts.sources, strict=True)
    }
    users = {f"user_{role}": source["user"] for role, source in zip(tokens, accounts.sources, strict=True)}
    numbers = {
        "size": size,
        "customers": projects // PROJECTS_OF_CUSTOMER,
        "projects": PROJECTS_OF_CUSTOMER,
        "groups": PROJECTS_OF_CUSTOMER // PROJECTS_OF_GROUP,
        "in_group": PROJECTS_OF_GROUP,
        "source": accounts.sources[0]["pk"],
    }
    register_uuid()
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        for statement in (INVENTORY, SCOPES, ALERTS, ROLES):
            cursor.execute(statement, numbers | users)
    connection.autocommit = True
    connection.cursor().execute("VACUUM ANALYZE")
    connection.close()
    return tokens


# Users with a role on one project, one customer or one group, each from the middle of the data.
ROLES = """
    UPDATE argus_auth_user SET is_staff = true WHERE id = %(user_staff)s;
    INSERT INTO argus_inventory_projectrole (uuid, user_id, role, project_id)
    SELECT gen_random_uuid(), %(user_admin)s, 'admin', id FROM argus_inventory_project
    ORDER BY id OFFSET (SELECT count(*) / 2 FROM argus_inventory_project) LIMIT 1;
    INSERT INTO argus_inventory_customerrole (uuid, user_id, role, customer_id)
    SELECT gen_random_uuid(), %(user_owner)s, 'owner', id FROM argus_inventory_customer
    ORDER BY id OFFSET (SELECT count(*) / 2 FROM argus_inventory_customer) LIMIT 1;
    INSERT INTO argus_inventory_projectgrouprole (uuid, user_id, role, project_group_id)
    SELECT gen_random_uuid(), %(user_manager)s, 'manager', id FROM argus_inventory_projectgroup
    ORDER BY id OFFSET (SELECT count(*) / 2 FROM argus_inventory_projectgroup) LIMIT 1;
"""
