"""The ``Idempotency-Key`` header: a repeated request is not executed again and gets the first response.

The response is stored in the transaction of the change, so that neither exists without the other.
Source: the IETF draft "The Idempotency-Key HTTP Header Field".
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

import orjson
from django.db import connection, transaction
from django.db.models import Q
from django.http.request import RawPostDataException
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from argus.util.json import dumps
from argus.util.rows import insert_missing

from .models import IdempotencyRecord

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
MAX_KEY_LENGTH = 255
RECORD_RETENTION = timedelta(hours=24)
# Each request with a key deletes up to this many expired records of its user.
MAX_DELETED_RECORDS = 10

View = TypeVar("View", bound=type[APIView])


class RequestInProgressError(APIException):
    """Another request with the same key has not finished yet."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "A request with this Idempotency-Key is in progress. Retry in a moment."


class KeyReusedError(APIException):
    """The key belongs to a different request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request."


def idempotent(view_class: View) -> View:
    """Make the POST of a view accept an ``Idempotency-Key``. A class decorator."""
    post = view_class.post  # type: ignore[attr-defined]

    @wraps(post)
    def post_with_key(self: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return post(self, request, *args, **kwargs)
        return respond_once(self, request, validate_key(key), lambda: post(self, request, *args, **kwargs))

    view_class.post = post_with_key  # type: ignore[attr-defined]
    view_class.accepts_idempotency_key = True  # type: ignore[attr-defined]
    return view_class


def validate_key(key: str) -> str:
    """Return the key without the quotes that the draft puts around it. Raises ``ValidationError``."""
    key = key.strip().removeprefix('"').removesuffix('"')
    if not 0 < len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise ValidationError({KEY_HEADER: [f"The key must have 1 to {MAX_KEY_LENGTH} printable ASCII characters."]})
    return key


def respond_once(view: APIView, request: Request, key: str, post: Callable[[], Response]) -> Response:
    """Return the stored response to the key; without one, call ``post`` and store its response."""
    digest, user_id = request_digest(request), request.user.pk
    if user_id is None:
        raise NotAuthenticated
    with transaction.atomic():
        lock_key(user_id, key)
        delete_expired_records(user_id, key)
        record = IdempotencyRecord(user_id=user_id, key=key, digest=digest)
        insert_missing([record], unique=("user_id", "key"))
        if record.pk is None:
            return replay(IdempotencyRecord.objects.get(user_id=user_id, key=key), digest)
        response = call_or_refuse(view, post)
        record.status, record.body = response.status_code, dumps(response.data).decode()
        record.save(update_fields=["status", "body"])
    return response


def call_or_refuse(view: APIView, post: Callable[[], Response]) -> Response:
    """Return the response of ``post``. A refusal rolls back what ``post`` wrote; unexpected errors are raised."""
    try:
        with transaction.atomic():
            return post()
    except Exception as error:
        return view.handle_exception(error)


def replay(record: IdempotencyRecord, digest: str) -> Response:
    """Return the stored response. Raises ``KeyReusedError`` if the request differs from the first one."""
    if record.digest != digest:
        raise KeyReusedError
    return Response(orjson.loads(record.body), status=record.status, headers={REPLAYED_HEADER: "true"})


def request_digest(request: Request) -> str:
    """Return the SHA-256 of method, URL, content type and body, in hexadecimal."""
    head = f"{request.method} {request.get_full_path()} {request.content_type}\n"
    try:
        return hashlib.sha256(head.encode() + request._request.body).hexdigest()
    except RawPostDataException:
        # The CSRF check of a session has already read the multipart form.
        raise ValidationError({KEY_HEADER: ["A multipart form with this header needs token authentication."]}) from None


def lock_key(user_id: int, key: str) -> None:
    """Lock the key until the end of the transaction. Raises ``RequestInProgressError`` if it is locked already.

    SQLite has one writer at a time: there the second request waits for the first.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [advisory_lock_id(user_id, key)])
        if not cursor.fetchone()[0]:
            raise RequestInProgressError


def advisory_lock_id(user_id: int, key: str) -> int:
    """Return the number of the PostgreSQL advisory lock for this key of the user, 64 bits."""
    return int.from_bytes(hashlib.sha256(f"{user_id} {key}".encode()).digest()[:8], signed=True)


def delete_expired_records(user_id: int, key: str) -> None:
    """Delete the record of this key if it has expired, and a few more expired records of the user."""
    expired = IdempotencyRecord.objects.filter(user_id=user_id, time__lt=timezone.now() - RECORD_RETENTION)
    oldest = expired.order_by("time").values("pk")[:MAX_DELETED_RECORDS]
    expired.filter(Q(key=key) | Q(pk__in=oldest)).delete()
