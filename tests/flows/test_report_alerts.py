"""An alert from its report to the mailbox of staff, with the commands of the how-to."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import requests

from tests.factories import incident_body
from tests.live import PASSWORD, new_database, running_argus
from tests.smtp_sink import HOST, running_sink

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "report-alerts.md"
BOSS, KARI = "boss@example.org", "kari@example.org"
CREATE_KARI = "from argus.auth.models import User; User.objects.create_user('kari', '{mail}', '{password}')"
# A failing request fails the test.
STRICT = 'set -eu\ncurl() { command curl --silent --show-error --fail "$@"; }\n'


@pytest.fixture(scope="module")
def mailbox():
    with running_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def server(mailbox):
    environment = {"ARGUS_SEND_NOTIFICATIONS": "1", "EMAIL_HOST": HOST, "EMAIL_PORT": str(mailbox.port)}
    with new_database() as database_url, running_argus(database_url, **environment) as argus:
        yield argus


def log_in(server, username: str) -> requests.Session:
    """Log in and create a profile for all incidents; return the session."""
    body = {"username": username, "password": PASSWORD}
    session = server.session(requests.post(f"{server.api}token-auth/", json=body, timeout=30).json()["token"])
    profiles = f"{server.api}notificationprofiles/"
    (slot,) = session.get(f"{profiles}timeslots/", timeout=30).json()
    everything = {"name": "Everything", "filter_string": json.dumps({"sourceSystemIds": [], "tags": []})}
    wanted = session.post(f"{profiles}filters/", json=everything, timeout=30).json()
    profile = {"timeslot": slot["pk"], "filters": [wanted["pk"]], "media": ["EM"], "active": True}
    assert session.post(profiles, json=profile, timeout=30).status_code == 201
    return session


@pytest.fixture(scope="module")
def boss(server):
    """A user who is staff."""
    server.manage("createsuperuser", "--noinput", "--username=boss", f"--email={BOSS}")
    server.manage("setpassword", "boss", PASSWORD)
    return log_in(server, "boss")


@pytest.fixture(scope="module")
def kari(server):
    """A user who is not staff."""
    server.manage("shell", "-c", CREATE_KARI.format(mail=KARI, password=PASSWORD))
    return log_in(server, "kari")


@pytest.fixture(scope="module")
def project(server, boss, kari) -> str:
    """The URL of a project whose admin is Kari."""

    def make(kind: str, **values) -> str:
        answer = boss.post(f"{server.url}/api/{kind}/", json=values, timeout=30)
        assert answer.status_code == 201, answer.text
        return answer.json()["url"]

    project = make("projects", name="Web shop", customer=make("customers", name="Example Ltd"))
    user = kari.get(f"{server.url}/api/users/?current", timeout=30).json()[0]["url"]
    make("project-permissions", project=project, user=user, role="admin")
    return project


@pytest.fixture(scope="module")
def follow(server, boss, kari, project) -> list:
    """Run the commands of the page in order; return their output, parsed as JSON."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    tokens = {name: one.headers["Authorization"].split()[1] for name, one in [("STAFF", boss), ("KARI", kari)]}
    words = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PROJECT": project, **tokens}
    printed = []
    for block in blocks:
        commands = STRICT + block.replace("http://localhost:8000", server.url)
        done = subprocess.run(["bash", "-c", commands], env=words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (block, done.stdout, done.stderr)
        printed.append(json.loads(done.stdout or "null"))
        words.setdefault("ALERT", printed[0]["url"])
    return printed


def test_commands_of_the_page_work(follow):
    opened, updated, closed, listed, counted, acknowledged, cancelled = follow

    assert (opened["severity"], opened["acknowledged"], opened["closed"]) == ("Warning", False, None)
    assert updated == {**opened, "severity": "Error", "message": "RAM: 99 % of the quota is used."}
    assert closed is None
    assert listed == []
    assert counted == {"debug": 0, "info": 0, "warning": 0, "error": 0}
    assert acknowledged["closed"]
    assert (acknowledged["acknowledged"], cancelled["acknowledged"]) == (True, False)


def test_only_staff_is_notified_of_an_alert(server, mailbox, boss, follow):
    (alert,) = boss.get(f"{server.api}incidents/?tags=alert_type=quota_exceeded", timeout=30).json()["results"]
    source = server.session(server.make_source()["token"])
    seen_by_all = source.post(f"{server.api}incidents/", json=incident_body(), timeout=30).json()

    def mails(mail: str) -> list[str]:
        addressed = [one.message for one in mailbox.messages if one.recipients == (mail,)]
        return [message["X-Argus-Incident"] for message in addressed]

    expected = [str(alert["pk"])] * 5 + [str(seen_by_all["pk"])]
    total = 0
    while len(mails(BOSS)) < len(expected) or not mails(KARI):
        total = len(mailbox.wait_for(total + 1, 60))
    # Mails about different incidents may arrive in any order.
    assert sorted(mails(BOSS)) == sorted(expected)
    assert mails(KARI) == [str(seen_by_all["pk"])]
