"""Messages: contents, escaping, and the headers that make a conversation."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import EmailMultiAlternatives

from argus.incident.lifecycle import EventType
from argus.notificationprofile.media.message import build_message, with_message_parts
from argus.notificationprofile.media.sms import sms_text
from argus.notificationprofile.models import Delivery
from tests.factories import NOON, make_ack, make_event, make_incident, make_source, make_user
from tests.notificationprofile.messages import make_delivery, make_message, start_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]

HEADERS = ["Message-ID", "In-Reply-To", "References"]


def as_mail(message):
    """The MIME message of Django."""
    mail = EmailMultiAlternatives(message.subject, message.text, to=["a@example.org"], headers=message.headers)
    return mail.message()


# Subject


def test_subject_contains_event_description_actor_and_time():
    incident = make_incident(make_source("nav.example.org"), description="Switch sw-3 does not answer")

    assert make_message(start_of(incident)).subject == (
        "[Argus] Incident start: Switch sw-3 does not answer (by nav.example.org, 2024-05-15 14:00:00+02:00)"
    )


@pytest.mark.parametrize(
    ("prefix", "beginning"),
    [("NOC:", "NOC: Incident"), ("[Argus]\r\nBcc: x", "[Argus] Bcc: x Incident"), ("", "Incident")],
)
def test_subject_begins_with_the_prefix_and_one_blank(settings, prefix, beginning):
    settings.NOTIFICATION_SUBJECT_PREFIX = prefix

    assert make_message(start_of(make_incident())).subject.startswith(beginning)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_line_breaks_leave_the_subject_in_one_line_and_add_no_header(line_break):
    incident = make_incident(description=f"down{line_break}Bcc: eve@example.org{line_break}{line_break}<b>")

    message = make_message(start_of(incident))

    assert "down Bcc: eve@example.org <b>" in message.subject
    assert as_mail(message)["Bcc"] is None
    assert len(message.subject.splitlines()) == 1


def test_invisible_and_reordering_characters_are_not_in_the_subject_and_do_not_reorder_the_body():
    codes = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x200B, 0x200D, 0xFEFF, 0xAD]
    text = "".join(f"{chr(code)}{number:x}" for number, code in enumerate(codes))
    visible = "".join(f"{number:x}" for number in range(len(codes)))
    incident = make_incident(make_source(username="nav"), description=text, tags=[f"a=\u202e{text}"])

    message = make_message(start_of(incident))

    assert f"Incident start: {visible} (by nav" in message.subject
    for body in (message.text, message.html):
        assert not set(body) & {chr(code) for code in codes[:9]}
        assert "\u200e" in body
    assert visible in sms_text(message, 160)
    assert sms_text(message, 160).isascii()


def test_subject_shortens_a_long_description_and_keeps_the_actor():
    incident = make_incident(make_source("nav"), description="x" * 200_000)

    message = make_message(start_of(incident))

    assert len(message.subject) < 250
    assert "x… (by nav, 2024" in message.subject
    assert len(message.text) < 20_000


def test_subject_without_description_contains_the_incident_number():
    incident = make_incident(description="")

    assert f"Incident start: incident {incident.pk} (by" in make_message(start_of(incident)).subject


# Text and HTML


def test_text_has_the_incidents_fields_one_a_line_with_times_in_the_servers_zone(settings):
    settings.ARGUS_FRONTEND_URL = "https://argus.example.org"
    source = make_source("nav.example.org", base_url="https://nav.example.org/")
    incident = make_incident(
        source,
        source_incident_id="90125",
        description="Switch sw-3 does not answer",
        details_url="/alerts/90125/",
        ticket_url="https://tickets.example.org/7",
        tags=["host=sw-3", "url=a=b"],
    )
    ack = make_ack(incident, actor=make_user("ann"), description="On my way")

    lines = make_message(ack.event).text.splitlines()

    assert lines[:2] == ["Event: Acknowledge", "Actor: ann"]
    assert [
        "Comment: On my way",
        "",
        "Description: Switch sw-3 does not answer",
        f"Incident: {incident.pk}",
        "Source: nav.example.org (nav)",
        "ID at the source: 90125",
        "Start: 2024-05-15 14:00:00+02:00",
        "End: still open",
        "Tag: host=sw-3",
        "Tag: url=a=b",
        "Details: https://nav.example.org/alerts/90125/",
        "Ticket: https://tickets.example.org/7",
        "",
        f"In Argus: https://argus.example.org/incidents/{incident.pk}",
    ] == lines[3:17]


def test_an_incident_without_details_url_has_no_line_of_details_although_its_source_has_a_base_url():
    message = make_message(start_of(make_incident(make_source(base_url="https://nav.example.org/"))))

    assert message.incident.details_url == ""
    assert "Details" not in message.text
    assert "nav.example.org" not in message.html


def test_an_end_before_the_start_is_shown_with_the_time_that_was_said():
    event = make_event(make_incident(), "END", timestamp=NOON - timedelta(seconds=1))

    message = make_message(event)

    assert "2024-05-15 13:59:59+02:00" in message.subject
    assert "Time: 2024-05-15 13:59:59+02:00" in message.text
    assert "End: 2024-05-15 14:00:00+02:00" in message.text


def test_no_link_is_shown_when_no_frontend_is_configured(settings):
    settings.ARGUS_FRONTEND_URL = ""

    message = make_message(start_of(make_incident()))

    assert "In Argus" not in message.text
    assert "<a " not in message.html


def test_acknowledgement_contains_its_expiration():
    ack = make_ack(make_incident(), expiration=datetime(2099, 1, 1, tzinfo=UTC))

    assert "Acknowledged until: 2099-01-01 01:00:00+01:00" in make_message(ack.event).text


@pytest.mark.parametrize(
    ("end_time", "words"),
    [(None, "End: none (stateless)"), (datetime(2024, 5, 15, 13, tzinfo=UTC), "End: 2024-05-15 15:00:00+02:00")],
)
def test_text_contains_the_end_of_stateless_and_closed_incidents(end_time, words):
    assert words in make_message(start_of(make_incident(end_time=end_time))).text


@pytest.mark.parametrize("moment", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)])
def test_times_at_the_ends_of_the_calendar_are_rendered(moment):
    incident = make_incident(start_time=moment, end_time=None)

    assert f"Start: {moment.year:04}-" in make_message(start_of(incident)).text


def test_everything_that_others_wrote_is_escaped_in_html_and_left_alone_in_text():
    evil = "<script>alert('&')</script>"
    source = make_source(f"{evil} source", username="source")
    incident = make_incident(source, description=evil, tags=[f"tag={evil}"], source_incident_id=evil)
    # The admin refuses such a name, but an identity provider may send it.
    actor = make_user(evil)

    message = make_message(make_event(incident, EventType.OTHER, actor=actor, description=f"{evil}!"))

    assert "<script" not in message.html
    assert message.html.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;") == 6
    assert message.text.count(evil) == 6


def test_only_web_addresses_become_links():
    incident = make_incident()
    # Older rows may contain such URLs.
    incident.details_url, incident.ticket_url = "mailto:noc@example.org", "javascript:alert(1)"
    incident.save()

    html = make_message(start_of(incident)).html

    assert "mailto:noc@example.org" in html
    assert "javascript:alert(1)" in html
    assert "href" not in html


def test_links_are_escaped_in_html():
    incident = make_incident(details_url="https://nav.example.org/?a=1&b='2'")

    assert '<a href="https://nav.example.org/?a=1&amp;b=&#x27;2&#x27;">' in make_message(start_of(incident)).html


def test_lines_of_a_description_are_kept_and_set_off_in_text():
    message = make_message(start_of(make_incident(description="one\r\ntwo\u2028three")))

    assert "Description: one\n    two\n    three\n" in message.text
    assert "one<br>two<br>three" in message.html


def test_control_characters_do_not_reach_the_mail():
    message = make_message(start_of(make_incident(description="be\x07ll \x1b[31mred\x7f")))

    assert "Description: be ll  [31mred" in message.text
    assert message.subject.isprintable()


def test_other_scripts_and_half_characters_survive_the_way_through_a_mail():
    delivery = make_delivery(start_of(make_incident(description="Ærfugl 東京 🦆")))
    delivery.event.incident.source_incident_id = "half \ud83e"

    message = build_message(delivery)

    assert "Ærfugl 東京 🦆" in as_mail(message).get_payload(decode=True).decode()
    assert "half \N{REPLACEMENT CHARACTER}" in message.text


# Conversations


def test_all_mails_about_one_incident_refer_to_one_conversation():
    incident, user = make_incident(), make_user()
    start = make_message(start_of(incident), user)
    ack = make_message(make_ack(incident).event, user)
    end = make_message(make_event(incident, EventType.END), user)

    assert ack.headers["In-Reply-To"] == end.headers["In-Reply-To"] == start.message_id
    assert start.references[0] == ack.references[0] == end.references[0]
    assert len({start.message_id, ack.message_id, end.message_id}) == 3


def test_two_incidents_are_two_conversations():
    user = make_user()
    one, other = (make_message(start_of(make_incident()), user) for _ in range(2))

    assert {*one.references, one.message_id}.isdisjoint({*other.references, other.message_id})


def test_users_who_share_a_mailbox_get_mails_of_their_own_in_one_conversation():
    start = start_of(make_incident())
    one, other = (make_message(start, make_user(), address="noc@example.org") for _ in range(2))

    assert one.message_id != other.message_id
    assert one.references == other.references


def test_building_a_message_again_gives_the_same():
    delivery = make_delivery(start_of(make_incident(tags=["a=b"])))

    assert build_message(delivery) == build_message(with_message_parts(Delivery.objects.all()).get())


def test_mail_and_sms_of_one_event_have_different_ids():
    start, user = start_of(make_incident()), make_user()

    assert (
        make_message(start, user).message_id != make_message(start, user, medium="SM", address="+4712345678").message_id
    )


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("argus@noc.example.org", "noc.example.org"),
        ("Argus <argus@example.org>", "example.org"),
        ("argus@bücher.example", "xn--bcher-kva.example"),
        ("argus", "localhost"),
        ("argus@a-rather-long-department-name.university.example.org", "university.example.org"),
        (f"argus@{'x' * 60}", "x" * 33),
    ],
)
def test_message_ids_are_of_the_installations_mail_domain(settings, sender, domain):
    settings.DEFAULT_FROM_EMAIL = sender

    message = make_message(start_of(make_incident()))

    assert message.message_id.endswith(f"@{domain}>")
    assert message.message_id.isascii()


def test_another_installation_with_the_same_domain_has_other_ids(settings):
    delivery = make_delivery(start_of(make_incident()))
    message_id = build_message(delivery).message_id

    settings.SECRET_KEY = "another"

    assert build_message(delivery).message_id != message_id


@pytest.mark.parametrize(
    "sender", ["argus@localhost", f"argus@{'x' * 33}", "argus@a.very.long.name.of.some.example.org"]
)
def test_ids_pass_through_a_mail_unfolded_and_unencoded(settings, sender):
    settings.DEFAULT_FROM_EMAIL = sender
    incident = make_incident()
    message = make_message(make_event(incident))

    raw = as_mail(message).as_bytes().decode().replace(">\n <", "> <")

    assert f"Message-ID: {message.message_id}\n" in raw
    assert f"In-Reply-To: {message.references[1]}\n" in raw
    assert f"References: {message.references[0]} {message.references[1]}\n" in raw


def test_headers_suppress_automatic_replies_and_name_incident_and_event():
    start = start_of(make_incident())

    headers = make_message(start).headers

    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert (headers["X-Argus-Incident"], headers["X-Argus-Event"]) == (str(start.incident_id), str(start.pk))


# Queries


def test_messages_need_no_query_after_loading(django_assert_num_queries):
    for _ in range(3):
        make_delivery(make_ack(make_incident(tags=["a=b", "c=d"])).event)
        make_delivery(start_of(make_incident()))

    with django_assert_num_queries(3):
        deliveries = list(with_message_parts(Delivery.objects.all()))
    with django_assert_num_queries(0):
        assert len([build_message(delivery) for delivery in deliveries]) == 6
