"""The newest and the oldest release of the published client work unmodified against a server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.releases import oldest_release
from tests.clients.stories import STORIES

pytestmark = pytest.mark.once

SCRIPT = Path(__file__).with_name("stories.py")


@pytest.fixture(scope="module", params=["newest", pytest.param("0.2", marks=pytest.mark.slow)])
def endings(request, argus, source, admin_token) -> dict[str, str]:
    """Return the errors of the stories by name, run with this release of the client."""
    folder = oldest_release() if request.param == "0.2" else None
    done = subprocess.run(
        [sys.executable, str(SCRIPT), argus.api.rstrip("/"), source["token"], admin_token],
        env={"PATH": os.defpath, "PYTHONPATH": str(folder or "")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    endings = json.loads(done.stdout)
    assert (folder is not None) == Path(endings.pop("client")).is_relative_to(folder or "/nowhere")
    return endings


@pytest.mark.parametrize("story", [story.__name__ for story in STORIES])
def test_client_works(endings, story):
    assert endings[story] == ""
