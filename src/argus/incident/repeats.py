"""Requests that may be sent again: one with an ``Idempotency-Key`` is done once, and answered the same each time.

The answer is stored in the transaction of what was done, so that there is never one without the other.
Source: the IETF's draft "The Idempotency-Key HTTP Header Field".
"""

import hashlib
from datetime import timedelta
from functools import wraps

import orjson
from django.db import connection, transaction
from django.db.models import Q
from django.http.request import RawPostDataException
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from argus.api.renderers import dumps
from argus.util.rows import insert_unless_there

from .models import GivenAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = GivenAnswer._meta.get_field("key").max_length
# How long an answer is kept. A source that has been away for longer looks first.
KEPT = timedelta(hours=24)
# Each request with a key throws away so many answers that are older, and so there are never many of them.
THROWN_AWAY = 10


class StillRunning(APIException):
    """The same key is being worked on at this moment."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "A request with this Idempotency-Key is under way. Ask again in a moment."


class OtherRequest(APIException):
    """The key has been used for something else."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request."


def once(view_class):
    """Class decorator of a view: its POSTs with an ``Idempotency-Key`` are done once."""
    post = view_class.post

    @wraps(post)
    def post_once(self, request, *args, **kwargs):
        key = request.headers.get(HEADER)
        if key is None:
            return post(self, request, *args, **kwargs)
        return answer_once(self, request, checked(key), lambda: post(self, request, *args, **kwargs))

    view_class.post = post_once
    view_class.takes_idempotency_key = True
    return view_class


def checked(key: str) -> str:
    """Return the key without the quotes that the draft has around it. Raises ``ValidationError``."""
    key = key.strip().removeprefix('"').removesuffix('"')
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise ValidationError({HEADER: [f"The key must have 1 to {LONGEST_KEY} printable ASCII characters."]})
    return key


def answer_once(view, request, key: str, answer) -> Response:
    """Return what was answered to the key before, or what is answered now, which is then kept."""
    digest = digest_of(request)
    with transaction.atomic():
        claim(request.user, key)
        given = GivenAnswer(user=request.user, key=key, digest=digest)
        forget_old(request.user, key)
        insert_unless_there([given], unique=("user_id", "key"))
        if given.pk is None:
            return repeated(GivenAnswer.objects.get(user=request.user, key=key), digest)
        response = outcome_of(view, answer)
        given.status, given.body = response.status_code, dumps(response.data).decode()
        given.save(update_fields=["status", "body"])
    return response


def outcome_of(view, answer) -> Response:
    """Answer, be it with a refusal; what was half done is then undone. Anything but a refusal is not caught."""
    try:
        with transaction.atomic():
            return answer()
    except Exception as error:
        return view.handle_exception(error)


def repeated(given: GivenAnswer, digest: str) -> Response:
    """Tell the answer again. Raises ``OtherRequest`` if something else was asked."""
    if given.digest != digest:
        raise OtherRequest
    return Response(orjson.loads(given.body), status=given.status, headers={REPLAYED: "true"})


def digest_of(request) -> str:
    """Return what stands for all that is asked for, 64 hexadecimal digits."""
    head = f"{request.method} {request.get_full_path()} {request.content_type}\n"
    try:
        return hashlib.sha256(head.encode() + request._request.body).hexdigest()
    except RawPostDataException:
        # The check of a browser's session has read the form already.
        raise ValidationError({HEADER: ["With a form in parts, this header needs a token."]}) from None


def claim(user, key: str) -> None:
    """Hold the key until the end of the transaction. Raises ``StillRunning`` if somebody else does.

    SQLite has one writer at a time, so there the second waits for the first.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number(user, key)])
        if not cursor.fetchone()[0]:
            raise StillRunning


def lock_number(user, key: str) -> int:
    """Return what stands for the key of a user among PostgreSQL's advisory locks, 64 bits."""
    return int.from_bytes(hashlib.sha256(f"{user.pk} {key}".encode()).digest()[:8], signed=True)


def forget_old(user, key: str) -> None:
    """Throw away what was answered to this key too long ago, and some more of the user's old answers."""
    old = GivenAnswer.objects.filter(user=user, time__lt=timezone.now() - KEPT)
    oldest = old.order_by("time").values("pk")[:THROWN_AWAY]
    old.filter(Q(key=key) | Q(pk__in=oldest)).delete()
