"""Prepare an empty database, in its own process: ``python -m benchmarks.prepare SOURCES PROFILES``.

Prints ``{"operator": token, "operator_id": pk, "sources": [{"pk", "name", "user", "token"}, ...], "session": key}``,
the session for the admin. Everything but incidents is created here, by the services of Argus.
"""

import json
import sys
from datetime import time

import django
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client


def main(number_of_sources: int, number_of_profiles: int) -> None:
    """Migrate, create the accounts and print them."""
    django.setup()
    call_command("migrate", verbosity=0)

    from argus.auth.services import replace_token

    operator = get_user_model().objects.create_user("operator")
    for number in range(number_of_profiles):
        make_profile(number)
    accounts = {
        "operator": replace_token(operator, actor=operator).key,
        "operator_id": operator.pk,
        "sources": [make_source(number) for number in range(number_of_sources)],
        "session": log_in(),
    }
    json.dump(accounts, sys.stdout)


def make_source(number: int) -> dict:
    """Create a source of one of three types."""
    from argus.auth.services import replace_token
    from argus.incident import sources

    actor = sources.get_argus_source().user
    source_type = sources.get_source_type(("nav", "zabbix", "prometheus")[number % 3], actor=actor)
    source = sources.create_source(
        f"source{number}.example.org",
        actor=actor,
        source_type=source_type,
        base_url=f"https://source{number}.example.org/",
    )
    return {
        "pk": source.pk,
        "name": source.name,
        "user": source.user_id,
        "token": replace_token(source.user, actor=source.user).key,
    }


def log_in() -> str:
    """Log a superuser in to the admin; return the session key."""
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("superuser"))
    return browser.cookies["sessionid"].value


def make_profile(number: int) -> None:
    """Create a user with a profile for one problem on ten hosts, at any time."""
    from argus.notificationprofile.models import Filter, NotificationProfile, TimeRecurrence, Timeslot

    person = get_user_model().objects.create_user(f"person{number}", email=f"person{number}@example.org")
    timeslot = Timeslot.objects.create(user=person, name="At any time")
    TimeRecurrence.objects.create(timeslot=timeslot, days=list("1234567"), start=time.min, end=time.max)
    criteria = {"tags": ["problem_type=linkDown", *(f"host=host-{number * 10 + one}.example.org" for one in range(10))]}
    profile = NotificationProfile.objects.create(user=person, timeslot=timeslot, media=["EM"])
    profile.filters.add(Filter.objects.create(user=person, name="Links", filter_string=json.dumps(criteria)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
