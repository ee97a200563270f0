"""Why a notification profile can never deliver by one of its media: a part is missing."""

from django.conf import settings

from argus.auth.models import User

from .media.registry import configured_media, medium_label
from .models import EMAIL, SMS, NotificationProfile
from .profile_cache import Target, targets_of

NOT_CONFIGURED = {SMS: "no SMS gateway is configured (ARGUS_SMS_GATEWAY)"}
NO_ADDRESS = {EMAIL: "the user has no e-mail address", SMS: "the profile has no phone number"}


def profile_problems(profile: NotificationProfile) -> list[str]:
    """Return a sentence for each part of the profile that can never deliver. At most two queries."""
    reasons = [(target.medium, target_problem(target)) for target in profile_targets(profile)]
    problems = [f"{medium_label(medium)}: {reason}." for medium, reason in reasons if reason]
    if not profile.timeslot.time_recurrences.all():
        problems.append(f'The time slot "{profile.timeslot}" has no hours.')
    if not settings.ARGUS_SEND_NOTIFICATIONS:
        problems.append("Notifications are switched off (ARGUS_SEND_NOTIFICATIONS).")
    return problems


def user_targets(user: User) -> list[Target]:
    """Return where the user's active profiles send to, without duplicates; the e-mail address if there are none."""
    profiles = NotificationProfile.objects.filter(user=user, active=True).select_related("user", "phone_number")
    found = [target for profile in profiles for target in profile_targets(profile)]
    if not found:
        found = list(targets_of([EMAIL], email=user.email, phone_number=None, destinations=[]))
    return list(dict.fromkeys(found))


def profile_targets(profile: NotificationProfile) -> list[Target]:
    """Return where the profile sends to."""
    phone_number = profile.phone_number.phone_number if profile.phone_number else None
    # E-mail and SMS have no destinations.
    destinations = profile.user.destinations.order_by("pk") if set(profile.media) - {EMAIL, SMS} else []
    email = profile.user.email
    return list(targets_of(profile.media, email=email, phone_number=phone_number, destinations=destinations))


def target_problem(target: Target) -> str:
    """Return why nothing can be sent to the target, or an empty string."""
    if target.medium not in configured_media():
        return NOT_CONFIGURED.get(target.medium, "the medium is not configured")
    return "" if target.address else NO_ADDRESS.get(target.medium, "the user has no destination for it")
