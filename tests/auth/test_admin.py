"""Accounts, phone numbers and tokens in the admin."""

import re
from typing import NamedTuple

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.core.serializers import serialize
from django.db.models import Model
from django.urls import reverse
from social_django.models import UserSocialAuth

from argus.auth.authtoken.models import Kind, Token, digest_of
from argus.auth.models import PhoneNumber, User
from argus.auth.services import replace_token
from tests.admin_pages import Admin
from tests.factories import Client, make_event, make_incident, make_source, make_superuser, make_token, make_user

pytestmark = pytest.mark.once

KEY = re.compile(r"\b[0-9a-f]{40}\b")


@pytest.fixture
def boss(db) -> Admin:
    return Admin()


@pytest.fixture
def helper(db) -> Admin:
    """A member of the staff who may do everything to accounts, but is no superuser."""
    user = make_user("helper", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="argus_auth"))
    return Admin(user)


# Accounts


def test_new_user_can_log_in(boss):
    boss.save(User, username="alice", password1="correct horse 1", password2="correct horse 1")

    assert boss.client.login(username="alice", password="correct horse 1")


def test_phone_numbers_are_entered_below_the_account(boss):
    user = make_user()

    boss.save(
        User,
        "change",
        user.pk,
        **{"phone_numbers-TOTAL_FORMS": "1", "phone_numbers-0-phone_number": "+47 676 76 767", "first_name": "Alice"},
    )

    assert str(PhoneNumber.objects.get(user=user).phone_number) == "+4767676767"


def test_form_with_a_deleted_phone_number_is_accepted(boss):
    number = PhoneNumber.objects.create(user=make_user(), phone_number="+4767676767")
    form = boss.fill(User, "change", number.user_id)

    number.delete()

    assert boss.client.post(boss.url(User, "change", number.user_id), form).status_code in {200, 302}


def test_password_can_be_changed(boss):
    user = make_user("alice")
    url = reverse("admin:auth_user_password_change", args=[user.pk])
    data = {"password1": "correct horse 2", "password2": "correct horse 2", "usable_password": "true"}

    assert boss.client.get(url).status_code == 200
    assert boss.client.post(url, data).status_code == 302

    assert boss.client.login(username="alice", password="correct horse 2")


@pytest.mark.parametrize("key", ["zzz", "99999999999999999999", "%00"])
def test_password_form_accepts_any_url(boss, key):
    assert boss.client.get(f"/admin/argus_auth/user/{key}/password/").status_code == 404


def test_staff_cannot_create_or_change_superusers(helper):
    user, superuser = make_user(), make_superuser()

    helper.save(User, "change", user.pk, is_superuser="on", is_staff="on", first_name="Alice")

    user.refresh_from_db()
    assert (user.first_name, user.is_superuser, user.is_staff) == ("Alice", False, False)
    assert helper.client.get(reverse("admin:auth_user_password_change", args=[superuser.pk])).status_code == 403
    assert helper.client.post(helper.url(User, "change", superuser.pk), {"username": "x"}).status_code == 403
    assert helper.delete(User, superuser.pk).status_code == 403
    assert "perms" not in helper.delete_selected(User, [superuser.pk]).content.decode()
    assert User.objects.filter(pk=superuser.pk).exists()


def test_user_without_history_is_deleted(boss):
    user = make_user()
    replace_token(user, actor=user)

    content = boss.get(User, "delete", user.pk).content.decode()
    response = boss.delete(User, user.pk)

    assert "Tokens: 1" in content
    assert response.status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.both
def test_user_with_history_cannot_be_deleted_but_deactivated(boss):
    user = make_user()
    make_event(make_incident(), actor=user)

    content = boss.get(User, "delete", user.pk).content.decode()
    response = boss.delete(User, user.pk)
    boss.delete_selected(User, [user.pk])

    assert "Events: 1" in content
    assert "Make the account inactive instead" in content
    assert response.status_code == 200
    boss.save(User, "change", user.pk, is_active=None)
    user.refresh_from_db()
    assert not user.is_active


@pytest.mark.both
def test_protecting_rows_are_counted_up_to_a_limit_and_not_loaded(boss, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr("argus.adminkit.deletion.MAX_OBJECTS", 3)
    user, incident = make_user(), make_incident()
    for _ in range(5):
        make_event(incident, actor=user)

    with django_assert_max_num_queries(60):
        content = boss.get(User, "delete", user.pk).content.decode()

    assert "Events: more than 3" in content


def test_deletion_page_of_a_source_account_names_the_incidents(boss):
    source = make_source()
    make_incident(source)

    content = boss.get(User, "delete", source.user_id).content.decode()

    assert "Source systems: 1" in content
    assert "Incidents: 1" in content


# Phone numbers


@pytest.mark.both
@pytest.mark.parametrize(
    "text",
    ["+4767676767", "+47 676 76 767", "67676", "676 76", "+47", "0047 67676767", "(676) 76-767", "alice", "lic", "+"],
)
def test_a_phone_number_is_found_by_its_digits_and_by_its_owner(boss, text):
    wanted = PhoneNumber.objects.create(user=make_user("alice"), phone_number="+4767676767")
    PhoneNumber.objects.create(user=make_user("bob"), phone_number="+4612345678")

    found = boss.rows(PhoneNumber, q=text)

    assert wanted in found
    assert len(found) == (2 if text == "+" else 1)


@pytest.mark.both
@pytest.mark.parametrize("text", ["99999", "+46 676", "carol", "alice bob", "\x00", "'", "47+67"])
def test_no_phone_number_is_found_by_anything_else(boss, text):
    PhoneNumber.objects.create(user=make_user("alice"), phone_number="+4767676767")

    assert boss.rows(PhoneNumber, q=text) == [] or text == "\x00"


@pytest.mark.parametrize("number", ["12", "+47", "67676767", "abc", "\x00", "+" + "9" * 500])
def test_impossible_phone_number_is_refused(boss, number):
    response = boss.send(PhoneNumber, user=make_user().pk, phone_number=number)

    assert response.status_code == 200
    assert boss.errors(response)


# Tokens


@pytest.fixture
def token(db) -> Token:
    return make_token(make_user("alice"))


def test_a_new_token_is_shown_once(boss, token):
    created = boss.send(Token, user=token.user_id)
    key = KEY.search(created.content.decode())[0]

    assert created.status_code == 200
    assert "no-store" in created["Cache-Control"]
    assert Token.objects.get().digest == digest_of(key)
    assert Client(HTTP_AUTHORIZATION=f"Token {key}").get("/api/v1/auth/user/").json()["username"] == "alice"
    kept = [created.cookies.output(), str(Session.objects.get().get_decoded())]
    kept += [entry.object_id + entry.object_repr + entry.change_message for entry in LogEntry.objects.all()]
    pages = [boss.get(Token, page, *keys) for page, *keys in token_pages(digest_of(key))]
    assert all(key not in text for text in kept + [page.content.decode() for page in pages])


def token_pages(digest: str) -> list[tuple[str, ...]]:
    return [("changelist",), *((page, digest) for page in ("change", "delete", "history"))]


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother"])
def test_each_button_shows_the_new_token(boss, button):
    response = boss.client.post(boss.url(Token, "add"), {"user": make_user().pk, button: "1"})

    assert digest_of(KEY.search(response.content.decode())[0]) == Token.objects.get().digest


def test_pages_show_the_first_digits_of_tokens(boss, token):
    for page in token_pages(token.pk):
        content = boss.get(Token, *page).content.decode()
        assert token.prefix in content
        assert token.key not in content
    assert boss.rows(Token, q=token.prefix) == boss.rows(Token, q="alice") == [token]
    assert boss.get(Token, "change", token.key).status_code == 302


def test_tokens_are_deleted_in_the_admin(boss, token):
    other, browser = make_token(make_user("bob")), make_token(token.user, Kind.BROWSER)

    boss.delete(Token, token.pk)
    assert set(Token.objects.all()) == {other, browser}

    boss.delete_selected(Token, [other.pk, browser.pk])
    assert not Token.objects.exists()


def test_a_new_token_takes_the_place_of_the_old_one(boss, token):
    browser = make_token(token.user, Kind.BROWSER)

    boss.send(Token, user=token.user_id)

    assert token not in Token.objects.all()
    assert browser in Token.objects.all()
    assert Token.objects.count() == 2


def test_staff_who_may_not_see_tokens_do_not_see_them(helper, token):
    assert helper.get(Token).status_code == 403
    assert token.prefix not in helper.get(User, "delete", token.user_id).content.decode()


# Rights of others


class Staff(NamedTuple):
    """A member of the staff with all permissions to change accounts, and users with more and with equal rights."""

    pages: Admin
    stronger: User
    equal: User


STRONGER = ["superuser", "permission", "group", "inactive superuser", "inactive with permission"]
for_each_right = pytest.mark.parametrize("staff", STRONGER, indirect=True)


@pytest.fixture
def staff(request, db) -> Staff:
    models = ["user", "phonenumber", "token", "usersocialauth", "group", "timeslot", "timerecurrence"]
    right = getattr(request, "param", "superuser")
    allowed = Permission.objects.filter(content_type__model__in=models)
    user, equal, stronger = (make_user(name, is_staff=True) for name in ("helper", "equal", "stronger"))
    for one in (user, equal):
        one.user_permissions.set(allowed)
    further = Permission.objects.get(codename="change_incident")
    if "superuser" in right:
        stronger.is_superuser = True
    elif right == "group":
        stronger.groups.add(Group.objects.create(name="strong"))
        Group.objects.get().permissions.add(further)
    else:
        stronger.user_permissions.add(further)
    stronger.is_active = "inactive" not in right
    stronger.save()
    return Staff(Admin(user), stronger, equal)


def rows_of(user: User) -> list[Model]:
    """Return what allows to act as the user, or to read their messages."""
    return [
        user,
        make_token(user),
        make_token(user, Kind.BROWSER),
        UserSocialAuth.objects.create(user=user, provider="oidc", uid=f"of {user}"),
        PhoneNumber.objects.create(user=user, phone_number="+4767676767"),
    ]


def everything() -> str:
    return serialize("json", [row for model in apps.get_models() for row in model._base_manager.all()])


@for_each_right
def test_staff_cannot_change_what_belongs_to_users_with_more_rights(staff):
    rows = rows_of(staff.stronger)
    password = reverse("admin:auth_user_password_change", args=[staff.stronger.pk])
    data = {"password1": "correct horse 2", "password2": "correct horse 2", "usable_password": "true"}
    before = everything()

    assert staff.pages.client.post(password, data).status_code == 403
    for row in rows:
        page = staff.pages.url(type(row), "change", row.pk)
        assert staff.pages.client.post(page, {"user": staff.pages.user.pk, "uid": "mine"}).status_code == 403
        assert staff.pages.delete(type(row), row.pk).status_code == 403
        assert staff.pages.delete_selected(type(row), [row.pk]).status_code in {200, 403}
    assert everything() == before


NEW_ROWS = {
    "token": (Token, {}),
    "identity": (UserSocialAuth, {"provider": "oidc", "uid": "mine", "extra_data": "{}"}),
    "phone number": (PhoneNumber, {"phone_number": "+4767676767"}),
}


@for_each_right
@pytest.mark.parametrize(("model", "fields"), NEW_ROWS.values(), ids=NEW_ROWS)
def test_staff_cannot_add_anything_to_users_with_more_rights(staff, model, fields):
    refused = staff.pages.send(model, user=staff.stronger.pk, **fields)

    assert refused.status_code == 200
    assert staff.pages.errors(refused) == ['"stronger" has rights that you lack.']
    assert not model.objects.exists()

    assert staff.pages.send(model, user=staff.equal.pk, **fields).status_code in {200, 302}
    assert model.objects.get().user == staff.equal


def test_staff_cannot_give_their_identity_to_users_with_more_rights(staff):
    identity = UserSocialAuth.objects.create(user=staff.pages.user, provider="oidc", uid="mine")

    refused = staff.pages.send(UserSocialAuth, "change", identity.pk, user=staff.stronger.pk)

    assert staff.pages.errors(refused) == ['"stronger" has rights that you lack.']
    identity.refresh_from_db()
    assert identity.user == staff.pages.user


def test_staff_may_change_and_delete_what_belongs_to_users_with_equal_rights(staff):
    for row in reversed(rows_of(staff.equal)):
        assert staff.pages.get(type(row), "change", row.pk).status_code == 200
        assert staff.pages.delete(type(row), row.pk).status_code == 302
        assert not type(row).objects.filter(pk=row.pk).exists()


def test_staff_cannot_create_users_with_rights(staff):
    password = {"password1": "correct horse 3", "password2": "correct horse 3"}
    further = Permission.objects.get(codename="change_incident")

    staff.pages.save(User, username="new", is_superuser="on", is_staff="on", user_permissions=[further.pk], **password)

    new = User.objects.get(username="new")
    assert (new.is_superuser, new.is_staff, new.user_permissions.count()) == (False, False, 0)


def test_staff_cannot_extend_their_rights_by_a_group(staff):
    group = Group.objects.create(name="helpers")
    staff.pages.user.groups.add(group)
    further = Permission.objects.get(codename="change_incident")

    staff.pages.save(Group, "change", group.pk, name="renamed", permissions=[further.pk])
    staff.pages.save(Group, name="new", permissions=[further.pk])

    assert set(Group.objects.filter(name__in=["renamed", "new"]).values_list("permissions", flat=True)) == {None}
    assert staff.pages.delete(Group, group.pk).status_code == 403


def test_only_superusers_change_the_permissions_of_groups(boss):
    boss.save(Group, name="operators", permissions=[Permission.objects.get(codename="change_incident").pk])
    assert Group.objects.get().permissions.count() == 1
    boss.delete(Group, Group.objects.get().pk)
    assert not Group.objects.exists()
