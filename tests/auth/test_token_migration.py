"""Migration of an installation with REST framework's tokens, whose keys are in clear."""

import secrets
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from argus.auth.authtoken.models import Token, digest_of
from tests.auth.test_tokens import status_of
from tests.factories import make_source, make_user
from tests.live import Argus

pytestmark = pytest.mark.slow

APP = "authtoken"
# The migrations of REST framework's app, as its installations have recorded them.
RECORDED = ["0002_auto_20160226_1747", "0003_tokenproxy", "0004_alter_tokenproxy_options"]


@pytest.fixture
def old_token(transactional_db):
    """The model of tokens as it was, on such a database; in the end it is up to date again."""
    executor, recorder = MigrationExecutor(connection), MigrationRecorder(connection)
    for name in RECORDED:
        recorder.record_applied(APP, name)
    yield executor.migrate([(APP, "0001_initial")]).apps.get_model(APP, "Token")
    call_command("migrate", verbosity=0)
    for name in RECORDED:
        recorder.record_unapplied(APP, name)


def file_of_the_table() -> int:
    """Return the number of the table's file on PostgreSQL, where dead rows would keep their keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_filenode('authtoken_token')")
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("old_token")
def test_postgresql_begins_a_new_file(db_vendor):
    if db_vendor != "postgresql":
        pytest.skip("tested below for SQLite")
    before = file_of_the_table()

    MigrationExecutor(connection).migrate([(APP, "0002_digests")])

    assert file_of_the_table() != before


def test_tokens_stay_valid_and_keys_are_gone(old_token):
    now = timezone.now()
    users = {"a" * 40: make_user(), "b" * 40: make_source().user, "c" * 40: make_user()}
    for days, (key, user) in enumerate(users.items()):
        old_token.objects.create(key=key, user_id=user.pk)
        old_token.objects.filter(key=key).update(created=now - timedelta(days=10 * days))
    holder = make_user()
    holder.user_permissions.add(Permission.objects.get(codename="add_token", content_type__app_label=APP))
    proxy = ContentType.objects.create(app_label=APP, model="tokenproxy")
    Permission.objects.create(content_type=proxy, codename="add_tokenproxy", name="Can add Token")

    MigrationExecutor(connection).migrate([(APP, "0002_digests")])

    rows = {token.user: (token.digest, token.prefix, token.kind, now - token.created) for token in Token.objects.all()}
    assert rows == {
        user: (digest_of(key), key[:8], "api", timedelta(days=10 * days))
        for days, (key, user) in enumerate(users.items())
    }
    assert [status_of(key) for key in users] == [200, 200, 401]
    assert holder.has_perm("authtoken.add_token")
    assert not Permission.objects.filter(codename__endswith="tokenproxy").exists()


def test_the_way_back_deletes_tokens(transactional_db):
    Token.new(make_user(), "api").save()
    try:
        old = MigrationExecutor(connection).migrate([(APP, "0001_initial")]).apps.get_model(APP, "Token")
        assert not old.objects.exists()
    finally:
        call_command("migrate", verbosity=0)


def test_the_file_of_an_sqlite_database_keeps_no_key():
    key = secrets.token_hex(20)
    with closing(Argus()) as server:
        path = server.folder / "argus.sqlite3"
        source = server.make_source()
        server.manage("migrate", "--verbosity=0", APP, "0001_initial")
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "INSERT INTO authtoken_token SELECT ?, datetime(), id FROM argus_auth_user WHERE username = ?",
                [key, source["username"]],
            )
        assert key.encode() in path.read_bytes()

        server.manage("migrate", "--verbosity=0")

        assert digest_of(key).encode() in path.read_bytes()
        assert all(key.encode() not in file.read_bytes() for file in server.folder.glob("argus.sqlite3*"))
