"""From the POST of a source to the mailbox of a user: a real server, its worker, and a real mail server."""

import json
from itertools import count

import pytest
import requests

from tests.live import new_database, running_argus
from tests.smtp_sink import HOST, running_sink

ADDRESS = "kari@example.org"
PASSWORD = "correct horse battery staple"
TAGS = ["host=netbox11", "room=B 101", "problem_type=boxDown"]

numbers = count(1)


@pytest.fixture(scope="module")
def mailbox():
    with running_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def server(mailbox):
    environment = {
        "ARGUS_SEND_NOTIFICATIONS": "1",
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(mailbox.port),
        "ARGUS_FRONTEND_URL": "https://argus.example.org",
    }
    with new_database() as database_url, running_argus(database_url, **environment) as argus:
        yield argus


@pytest.fixture(scope="module")
def kari(server):
    """A user with a profile for one problem type, at all times."""
    server.manage("createsuperuser", "--noinput", "--username=kari", f"--email={ADDRESS}")
    server.manage("setpassword", "kari", PASSWORD)
    body = {"username": "kari", "password": PASSWORD}
    session = server.session(requests.post(f"{server.api}token-auth/", json=body, timeout=30).json()["token"])
    profiles = f"{server.api}notificationprofiles/"
    criteria = json.dumps({"sourceSystemIds": [], "tags": ["problem_type=boxDown"]})
    (slot,) = session.get(f"{profiles}timeslots/", timeout=30).json()
    wanted = session.post(f"{profiles}filters/", json={"name": "Boxes", "filter_string": criteria}, timeout=30).json()
    profile = {"timeslot": slot["pk"], "filters": [wanted["pk"]], "media": ["EM"], "active": True}
    assert session.post(profiles, json=profile, timeout=30).status_code == 201
    return session


@pytest.fixture(scope="module")
def nav(server):
    """A source."""
    return server.session(server.make_source()["token"])


@pytest.fixture
def post(server, kari, nav):
    """Return a function that posts an incident."""

    def post_incident(tags=TAGS) -> dict:
        body = {
            "start_time": "2024-05-15T14:00:00+02:00",
            "end_time": "infinity",
            "source_incident_id": str(next(numbers)),
            "description": "Netbox 11 does not answer.",
            "tags": [{"tag": tag} for tag in tags],
        }
        answer = nav.post(f"{server.api}incidents/", json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return post_incident


@pytest.fixture
def happen(server, kari):
    """Return a function that posts an event as the user."""

    def record(incident: dict, type: str, **values) -> None:
        path = f"{server.api}incidents/{incident['pk']}/events/"
        answer = kari.post(path, json={"timestamp": "2024-05-15T15:00:00Z", "type": type, **values}, timeout=30)
        assert answer.status_code == 201, answer.text

    return record


def mails_about(mailbox, incident: dict, number: int) -> list:
    """Wait for ``number`` mails about the incident; return all of them."""

    def mails():
        pk = str(incident["pk"])
        return [mail for mail in mailbox.messages if mail.message["X-Argus-Incident"] == pk]

    total = len(mailbox.messages)
    while len(mails()) < number:
        total = len(mailbox.wait_for(total + 1, 30))
    return mails()


def test_posted_incident_reaches_the_mailbox_with_its_tags(post, mailbox):
    incident = post()

    (mail,) = mails_about(mailbox, incident, 1)
    text = mail.message.get_body(("plain",)).get_content()

    assert mail.recipients == (ADDRESS,)
    assert "Netbox 11 does not answer." in text
    assert all(tag in text for tag in TAGS)
    assert f"https://argus.example.org/incidents/{incident['pk']}" in text
    assert "Netbox 11 does not answer." in mail.subject


def test_all_events_arrive_in_order_as_one_conversation(server, kari, nav, post, happen, mailbox):
    incident = post()
    ack = {"event": {"timestamp": "2024-05-15T14:30:00Z", "description": "I am looking into it"}, "expiration": None}
    assert kari.post(f"{server.api}incidents/{incident['pk']}/acks/", json=ack, timeout=30).status_code == 201
    happen(incident, "OTH", description="A lorry has torn the cable.")
    happen(incident, "CLO")
    happen(incident, "REO")
    end = {"timestamp": "2024-05-15T16:00:00Z", "type": "END"}
    path = f"{server.api}incidents/{incident['pk']}/events/"
    assert nav.post(path, json=end, timeout=30).status_code == 201

    mails = mails_about(mailbox, incident, 6)
    words = ["start", "acknowledge", "other", "close", "reopen", "end"]
    subjects = [mail.subject.lower() for mail in mails]

    assert all(word in subject for word, subject in zip(words, subjects, strict=True)), subjects
    assert "A lorry has torn the cable." in mails[2].message.get_body(("plain",)).get_content()
    assert len({mail.id for mail in mails}) == 6
    assert len({mail.message["References"].split()[0] for mail in mails}) == 1


def test_change_of_a_field_sends_nothing(server, kari, post, happen, mailbox):
    incident = post()
    mails_about(mailbox, incident, 1)
    change = {"ticket_url": "https://tickets.example.org/1"}
    path = f"{server.api}incidents/{incident['pk']}/"
    assert kari.patch(path, json=change, timeout=30).status_code == 200
    happen(incident, "OTH", description="A second event.")

    mails = mails_about(mailbox, incident, 2)

    assert [mail.message["X-Argus-Event"] for mail in mails] == sorted(
        {mail.message["X-Argus-Event"] for mail in mails}
    )
    assert len(mails) == 2


def test_incident_without_matching_profile_sends_nothing(post, mailbox):
    unwanted = post(tags=["problem_type=linkDown"])
    wanted = post()
    mails_about(mailbox, wanted, 1)

    assert mails_about(mailbox, unwanted, 0) == []


def test_delivery_log_has_the_recipient(server, kari, post, mailbox):
    incident = post()
    mails_about(mailbox, incident, 1)
    (event,) = kari.get(f"{server.api}incidents/{incident['pk']}/events/", timeout=30).json()
    path = f"{server.api}incidents/{incident['pk']}/events/{event['pk']}/deliveries/"

    (delivery,) = kari.get(path, timeout=30).json()

    assert delivery["address"] == ADDRESS
    assert delivery["attempts"] == 1
