"""Who is told what: each audience has messages, and numbers for them, of its own.

So nobody can tell from a gap that others were told of something.
"""

EVERYONE, STAFF = "everyone", "staff"
AUDIENCES = (EVERYONE, STAFF)


def audience_of(user) -> str:
    """Return the audience that a user belongs to."""
    return STAFF if user.is_staff else EVERYONE
