"""What a client sees first: the newest open incidents."""

from argus.auth.models import User
from argus.incident.api.v1.representation import incident_rows, represent_rows
from argus.incident.models import Incident
from argus.util.json import dumps

from .audiences import STAFF

NEWEST = 25
# Together (bytes). Whoever needs more than fits has REST; a socket that does not read shall not cost more.
MOST_BYTES = 512 * 1024


def read_first_list(audience: str) -> str:
    """Return the open incidents with the latest start_time that the audience may see, newest first, as JSON.

    Two queries. If they are very large, the oldest of them are left out.
    """
    visible = Incident.objects.visible_to(User(is_staff=audience == STAFF))
    rows = incident_rows(visible.open().order_by("-start_time", "-pk"))[:NEWEST]
    shown = [dumps(incident).decode() for incident in represent_rows(list(rows))]
    while sum(map(len, shown)) > MOST_BYTES:
        shown.pop()
    return f"[{','.join(shown)}]"
