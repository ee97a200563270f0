"""Who is told what: each audience has messages, and numbers for them, of its own.

What is restricted (``Incident.restricted``, ``visible_to``) is for staff alone, and nobody else can tell from a gap in
the numbers that there was something.
"""

EVERYONE, STAFF = "everyone", "staff"
AUDIENCES = (EVERYONE, STAFF)


def audience_of(user) -> str:
    """Return the audience that a user belongs to."""
    return STAFF if user.is_staff else EVERYONE
