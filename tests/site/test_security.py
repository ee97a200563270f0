"""Security headers, pages without inline scripts and styles, and escaping of texts from sources."""

from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from argus.notificationprofile.media.message import build_message
from tests.factories import INCIDENTS, make_ack, make_event, make_incident, make_source, make_user
from tests.notificationprofile.factories import make_filter, make_line, make_profile

pytestmark = pytest.mark.once

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
PAGES = [
    "/",
    "/admin/",
    "/api/v1/docs/",
    "/api/v1/docs/?script=",
    INCIDENTS,
    "/nowhere/",
    "/api/nowhere/",
    "/admin/login/",
]


class Offences(HTMLParser):
    """What a page has within that its policy would have to allow."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.found.append(tag)
        scripts = [name for name, value in attrs if name.startswith("on") or (value or "").startswith("javascript:")]
        self.found += scripts + [name for name in values if name == "style"]


@pytest.fixture
def world(as_browser):
    """A row of nearly everything, with hostile words wherever a source or a person may put words."""
    source = make_source(base_url="https://example.org")
    type(source).objects.filter(pk=source.pk).update(name=HOSTILE)
    incident = make_incident(source, description=HOSTILE, source_incident_id=HOSTILE, tags=[f"key={HOSTILE}"])
    event = make_event(incident, description=HOSTILE)
    make_ack(incident, description=HOSTILE)
    user = make_user("kari", first_name=HOSTILE[:50], last_name=HOSTILE[:50])
    make_profile(user, filters=[make_filter(user, HOSTILE[:40])])
    make_line(event, user, last_error=HOSTILE)
    return incident


def admin_pages() -> list[tuple[str, object]]:
    """The addresses of lists, of forms for new rows, and of one row of each model that has any."""
    pages = []
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        for page, arguments in (
            ("changelist", []),
            ("add", []),
            *([(page, [row.pk]) for page in ROW_PAGES] if row else []),
        ):
            try:
                pages.append(reverse(f"{name}_{page}", args=arguments))
            except NoReverseMatch:
                continue
    return pages


ROW_PAGES = ["change", "history", "delete"]


def policy_of(answer) -> dict[str, list[str]]:
    return {name: rest for name, *rest in (part.split() for part in answer["Content-Security-Policy"].split(";"))}


@pytest.mark.parametrize("path", PAGES)
def test_every_response_has_the_headers(as_browser, path):
    answer = as_browser.get(path)

    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    policy = policy_of(answer)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    # Only the templates of REST framework have style attributes.
    assert ("'unsafe-inline'" in policy["style-src"]) == (path == INCIDENTS)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_scripts_or_styles(as_browser, path):
    text = as_browser.get(path).content.decode()

    # The templates of REST framework may have styles within.
    assert set(Offences(text).found) <= ({"style"} if path == INCIDENTS else set())


def test_policy_allows_the_server_of_static_files(settings):
    from argus.http.security_headers import policy

    settings.STATIC_URL = "https://static.example.org/argus/"
    try:
        policy.cache_clear()
        assert "script-src 'self' https://static.example.org;" in policy()
    finally:
        policy.cache_clear()


def test_debug_pages_keep_their_scripts(as_browser, settings):
    settings.DEBUG = True

    assert "Content-Security-Policy" not in as_browser.get("/nowhere/")


@pytest.mark.slow
def test_admin_escapes_texts_of_sources_and_has_no_inline_scripts(as_browser, world):
    pages = admin_pages()
    assert len(pages) > 40

    for path in pages:
        answer = as_browser.get(path)
        assert answer.status_code in {200, 302, 403}, (path, answer.status_code)
        text = answer.content.decode()
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert Offences(text).found == [], path


def test_browsable_api_escapes_texts_of_sources(as_browser, world):
    for path in (
        INCIDENTS,
        *(f"{INCIDENTS}{world.pk}/{part}" for part in ("", "events/", "acks/")),
        f"{INCIDENTS}sources/",
    ):
        answer = as_browser.get(path)
        assert answer["Content-Type"].startswith("text/html"), path
        text = answer.content.decode()
        assert "alert" in text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path


def test_mails_escape_texts_of_sources(world):
    line = world.events.last().deliveries.last() or make_line(world.events.last(), make_user())
    message = build_message(line)

    assert "alert" in message.html
    assert "<script" not in message.html
    assert "<img" not in message.html
    assert "\n" not in message.subject
