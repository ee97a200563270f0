"""The admin in a real browser: its lists fit the screen, in the light and in the dark theme.

It needs Chromium on this machine, and is skipped where there is none.
"""

from itertools import product

import pytest
from django.conf import settings

from argus.incident.models import Event, Incident
from tests.admin_pages import Admin
from tests.browser.chromium import PROGRAM, Chromium
from tests.factories import make_ack, make_incident, make_incidents, make_source

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (on Debian: apt install chromium)"),
]
# How much wider than its frame the list or the page is; and the contrast of the words in badges, as WCAG defines it.
OVERFLOW = """(() => {
  const excess = one => one ? one.scrollWidth - one.clientWidth : 0
  return excess(document.documentElement) + excess(document.querySelector('.results'))
})()"""
CONTRAST = """(() => {
  const luminance = color => {
    const linear = n => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4
    const [r, g, b] = color.match(/[0-9.]+/g).map(n => linear(n / 255))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  return Math.min(...[...document.querySelectorAll('.badge')].map(one => {
    const style = getComputedStyle(one)
    const [dark, light] = [luminance(style.color), luminance(style.backgroundColor)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }))
})()"""


@pytest.mark.django_db(transaction=True)
def test_pages_of_incidents_fit_the_screen_are_legible_and_name_the_time_zone(live_server, tmp_path):
    source = make_source("a-very-long-name-of-a-source.example.org", base_url="https://nav.example.org/")
    long = make_incident(
        source,
        description="X" * 200,
        source_incident_id="f" * 64,
        details_url="/d",
        ticket_url="https://tickets.example.org/1",
        tags=[f"key{number}={'v' * 80}" for number in range(5)],
        restricted=True,
    )
    make_ack(long)
    make_incidents(2, source, end_time=None)
    boss = Admin()
    pages = [boss.url(Incident), boss.url(Incident, "change", long.pk)]
    with Chromium(tmp_path) as browser:
        cookie = boss.client.cookies[settings.SESSION_COOKIE_NAME]
        browser.command("Network.setCookie", name=cookie.key, value=cookie.value, url=live_server.url)
        for page, (width, theme) in product(pages, [(1280, "light"), (1280, "dark"), (375, "light")]):
            browser.command(
                "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
            )
            scheme = {"name": "prefers-color-scheme", "value": theme}
            browser.command("Emulation.setEmulatedMedia", features=[scheme])
            browser.open(live_server.url + page)

            assert browser.value(OVERFLOW) == 0, (page, width)
            assert browser.value(CONTRAST) > 4.5, (page, theme)

        browser.command("Emulation.setTimezoneOverride", timezoneId="America/St_Johns")
        browser.open(live_server.url + boss.url(Event, "add"))
        text = browser.value("document.body.innerText")
        assert browser.value("document.querySelectorAll('.vTimeField').length") > 0
        assert "times are in europe/oslo" in text.lower()
        assert "server time" not in text
