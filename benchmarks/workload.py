"""Request bodies of sources. The n-th incident is the same in every run."""

import random
from datetime import UTC, datetime, timedelta

FIRST_START = datetime(2024, 5, 15, 12, tzinfo=UTC)
PROBLEMS = ["boxDown", "linkDown", "bgpDown", "highLoad", "diskFull", "fanFailed"]
# Every tenth incident has a tag that does not exist yet.
NEW_TAG_EVERY = 10


def incident_body(number: int) -> dict:
    """An open incident with four tags, most of them well known."""
    draw = random.Random(number)
    # The square makes some devices and locations far more frequent than others.
    host, place = int(500 * draw.random() ** 2), int(40 * draw.random() ** 2)
    port = f"new-{number}" if number % NEW_TAG_EVERY == 0 else f"ge-0/0/{draw.randrange(48)}"
    problem = draw.choice(PROBLEMS)
    return {
        "start_time": (FIRST_START + timedelta(seconds=number)).isoformat(),
        "end_time": "infinity",
        "source_incident_id": f"alert-{number}",
        "details_url": f"/alerts/{number}/",
        "description": f"{problem}: host-{host}.example.org does not answer on {port} since {number} s",
        "ticket_url": "",
        "tags": [
            {"tag": f"host=host-{host}.example.org"},
            {"tag": f"location=room-{place}"},
            {"tag": f"problem_type={problem}"},
            {"tag": f"interface={port}"},
        ],
    }
