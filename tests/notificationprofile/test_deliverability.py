"""Profiles that can never deliver are named by the API and the admin; test messages reach real media."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from argus.auth.models import PhoneNumber
from argus.incident.models import Incident
from argus.notificationprofile.models import Delivery, Destination
from tests.admin_pages import Admin
from tests.factories import make_user
from tests.fixtures import said_by
from tests.notificationprofile import plugins
from tests.notificationprofile.factories import API, make_profile, make_timeslot

GATEWAY = {
    "ARGUS_SMS_GATEWAY": "{digits}@sms.example.org",
    "DEFAULT_SMS_MEDIA": "argus.notificationprofile.media.sms.EmailGatewaySMS",
}
WEBHOOK = "tests.notificationprofile.plugins.Webhook"
NO_EMAIL = "E-mail: the user has no e-mail address."
NO_NUMBER = "SMS: the profile has no phone number."
NO_GATEWAY = "SMS: no SMS gateway is configured (ARGUS_SMS_GATEWAY)."
NO_DESTINATION = "Webhook: the user has no destination for it."
SWITCHED_OFF = "Notifications are switched off (ARGUS_SEND_NOTIFICATIONS)."


def configure(settings, **values) -> None:
    for name, value in {"ARGUS_SEND_NOTIFICATIONS": True, **values}.items():
        setattr(settings, name, value)


def warned(*texts: str) -> str | None:
    return ", ".join(f'299 - "{text}"' for text in texts) or None


@pytest.mark.parametrize(
    ("email", "media", "values", "problems"),
    [
        ("kari@example.org", ["EM"], {}, []),
        ("", ["EM"], {}, [NO_EMAIL]),
        ("kari@example.org", ["EM", "SM"], {}, [NO_GATEWAY]),
        ("kari@example.org", ["SM"], GATEWAY, [NO_NUMBER]),
        ("", ["EM", "SM"], GATEWAY, [NO_EMAIL, NO_NUMBER]),
        ("", ["webhook"], {"ARGUS_MEDIA": [WEBHOOK]}, [NO_DESTINATION]),
        ("kari@example.org", ["EM"], {"ARGUS_SEND_NOTIFICATIONS": False}, [SWITCHED_OFF]),
    ],
)
def test_api_names_what_a_profile_lacks_in_a_header_and_leaves_the_body_alone(
    as_user, slot, own_filter, settings, email, media, values, problems
):
    configure(settings, **values)
    as_user.user.email = email
    as_user.user.save()
    profile = make_profile(as_user.user, timeslot=slot, filters=[own_filter], media=media)
    body = {"timeslot": slot.pk, "filters": [own_filter.pk], "media": [code for code in media if code != "webhook"]}

    answer = as_user.get(f"{API}{slot.pk}/")

    assert answer.headers.get("Warning") == warned(*problems)
    assert list(answer.json()) == ["pk", "timeslot", "filters", "media", "phone_number", "active"]
    if body["media"]:
        changed = as_user.put(f"{API}{slot.pk}/", body)
        profile.delete()
        created = as_user.post(API, body)
        assert (changed.status_code, created.status_code) == (200, 201)
        assert changed.headers.get("Warning") == created.headers.get("Warning") == warned(*problems)
    assert "Warning" not in as_user.get(API).headers
    assert "Warning" not in as_user.post(API, {}).headers
    assert "Warning" not in as_user.delete(f"{API}{slot.pk}/").headers


def test_time_slot_without_hours_is_named(as_user, own_filter, settings):
    configure(settings)
    profile = make_profile(as_user.user, timeslot=make_timeslot(as_user.user, 'N"ø', hours=()), filters=[own_filter])

    warning = as_user.get(f"{API}{profile.timeslot_id}/").headers["Warning"]

    assert warning == r'299 - "The time slot \"N\"?\" has no hours."'


def test_admin_names_what_a_profile_lacks(db, settings):
    configure(settings)
    profile = make_profile(make_user("kari"), media=["EM", "SM"])
    page = f"/admin/argus_notificationprofile/notificationprofile/{profile.pk}/change/"
    boss = Admin()

    shown = boss.client.get(page).content.decode()
    form = {"timeslot": profile.timeslot_id, "filters": [profile.filters.get().pk], "media": ["EM", "SM"]}
    saved = boss.client.post(page, form, follow=True).content.decode()

    assert NO_GATEWAY in shown
    assert NO_GATEWAY in saved


def test_test_message_goes_to_all_addresses_of_the_active_profiles_and_leaves_no_rows(db, settings):
    configure(settings, **GATEWAY, ARGUS_MEDIA=[WEBHOOK])
    kari = make_user("kari", email="kari@example.org")
    number = PhoneNumber.objects.create(user=kari, phone_number="+4767676767")
    Destination.objects.create(user=kari, medium="webhook", label="Chat", settings={"url": "https://chat.example.org/"})
    make_profile(kari, media=["EM", "SM"], phone_number=number)
    make_profile(kari, media=["EM", "webhook"], active=True)
    make_profile(kari, media=["SM"], active=False)
    plugins.calls.clear()

    said = said_by("send_test_message", "kari")

    assert said.splitlines() == [
        "E-mail to kari@example.org: sent",
        "SMS to +4767676767: sent",
        "Webhook to https://chat.example.org/: sent",
    ]
    assert [message.to for message in mail.outbox] == [["kari@example.org"], ["4767676767@sms.example.org"]]
    assert mail.outbox[0].subject.startswith("[Argus] Test message: ")
    assert mail.outbox[1].body.startswith("Test message: ")
    assert [message.recipient.username for message in plugins.calls] == ["kari"]
    assert not Incident.objects.exists()
    assert not Delivery.objects.exists()


def test_each_test_message_has_its_own_id_and_needs_no_profile(db):
    make_user("kari", email="kari@example.org")

    said = [said_by("send_test_message", "kari") for _ in range(2)]

    assert said == ["E-mail to kari@example.org: sent\n"] * 2
    assert len({message.message()["Message-ID"] for message in mail.outbox}) == 2


def test_plugin_of_the_old_interface_gets_the_test_message(db, settings):
    configure(settings, DEFAULT_SMS_MEDIA="tests.notificationprofile.plugins.Good")
    kari = make_user("kari")
    make_profile(kari, media=["SM"], phone_number=PhoneNumber.objects.create(user=kari, phone_number="+4767676767"))
    plugins.calls.clear()

    assert said_by("send_test_message", "kari") == "SMS to +4767676767: sent\n"
    ((_, user, keywords),) = plugins.calls
    assert (user, keywords["phone_number"]) == (kari, "+4767676767")


def failed(username: str) -> str:
    """Return what the command prints before it fails."""
    out = StringIO()
    with pytest.raises(CommandError, match="Not all"):
        call_command("send_test_message", username, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("media", "values", "line"),
    [
        (["EM"], {}, "E-mail: not sent: the user has no e-mail address"),
        (["SM"], {}, "SMS: not sent: no SMS gateway is configured (ARGUS_SMS_GATEWAY)"),
        (["SM"], GATEWAY, "SMS: not sent: the profile has no phone number"),
    ],
)
def test_test_message_that_cannot_be_sent_is_an_error_with_the_reason(db, settings, media, values, line):
    configure(settings, **values)
    make_profile(make_user("kari", email=""), media=media)

    assert failed("kari") == f"{line}\n"
    assert mail.outbox == []


def test_refused_test_message_shows_the_error_of_the_mail_server(db, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    make_user("kari", email="kari@example.org")

    assert "not sent: ConnectionRefusedError: " in failed("kari")
    with pytest.raises(CommandError, match="no user"):
        said_by("send_test_message", "unknown")
