"""Take the pictures of the README: the admin with demo data, in Chromium.

    .venv/bin/python docs/pictures/take.py

It starts an Argus of its own with an SQLite database in a temporary folder. It needs Chromium.
"""

import base64
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.browser.chromium import Chromium, until  # noqa: E402  (needs the root of the repository)
from tests.live import PASSWORD, Argus, running_argus  # noqa: E402

WIDTH, HEIGHT = 1280, 900
MAX_BYTES = 200_000
OPEN_INCIDENTS = "/admin/argus_incident/incident/?open=1"
LOG_IN = f"""
document.querySelector('[name=username]').value = 'admin'
document.querySelector('[name=password]').value = '{PASSWORD}'
document.querySelector('form').submit()
"""
# The open incident with the most deliveries; then with the longest history.
FIND_INCIDENT = """
from django.db.models import Count, OuterRef, Subquery
from argus.incident.models import Incident
from argus.notificationprofile.models import Delivery
sent = Delivery.objects.filter(incident=OuterRef('pk')).values('incident').annotate(n=Count('pk')).values('n')
rows = Incident.objects.open().filter(restricted=False).annotate(sent=Subquery(sent), events_=Count('events'))
print(rows.filter(sent__gt=0).order_by('-sent', '-events_', '-pk').values_list('pk', flat=True)[0])
"""
COUNT_WAITING = """
from argus.incident.models import Change
from argus.notificationprofile.models import Delivery
print(Change.objects.unrouted().count() + Delivery.objects.unsettled().count())
"""


def main() -> None:
    """Take both pictures."""
    with (
        running_argus(ARGUS_SEND_NOTIFICATIONS="1") as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        server.make_admin()
        server.manage("create_demo")
        wait_for_deliveries(server)
        with Chromium(Path(folder)) as browser:
            set_screen(browser)
            browser.open(f"{server.url}/admin/login/")
            browser.value(LOG_IN)
            browser.wait_for("location.pathname !== '/admin/login/'")
            take(browser, server.url + OPEN_INCIDENTS, HERE / "incidents.png")
            take(
                browser,
                f"{server.url}/admin/argus_incident/incident/{find_incident(server)}/change/",
                HERE / "incident.png",
            )


def wait_for_deliveries(server: Argus) -> None:
    """Let the worker of the server send the notifications of the demo data."""
    until(lambda: server.manage("shell", "--no-imports", "--command", COUNT_WAITING).strip() == "0")


def set_screen(browser: Chromium) -> None:
    """Use the light theme on a screen of a fixed size."""
    browser.command("Emulation.setScrollbarsHidden", hidden=True)
    browser.command("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
    browser.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])


def find_incident(server: Argus) -> str:
    """Return the primary key of an open incident with a history."""
    return server.manage("shell", "--no-imports", "--command", FIND_INCIDENT).strip()


def take(browser: Chromium, url: str, file: Path) -> None:
    """Write a picture of the page, with the first notifications opened. Exits if it is too large for a README."""
    browser.open(url)
    browser.value("document.querySelector('.timeline details')?.setAttribute('open', '')")
    picture = base64.b64decode(browser.command("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"])
    if len(picture) > MAX_BYTES:
        sys.exit(f"{file.name} has {len(picture)} bytes, more than {MAX_BYTES}.")
    file.write_bytes(picture)
    print(f"{file}: {len(picture)} bytes")


if __name__ == "__main__":
    main()
