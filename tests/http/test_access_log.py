"""The access log: which requests have a line."""

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def test_static_files_have_no_line_unless_they_are_missing(caplog, settings):
    settings.WHITENOISE_USE_FINDERS = True
    client = Client()
    with caplog.at_level("INFO", "argus.access"):
        for path in ("/static/argus/front_page.css", "/static/missing.css", "/api/"):
            client.get(path)

    lines = [record.getMessage().split(" ms")[0].rsplit(" ", 1)[0] for record in caplog.records]
    assert lines == ["GET /static/missing.css 404", "GET /api/ 200"]
