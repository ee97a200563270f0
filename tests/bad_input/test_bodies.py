"""Bodies that cannot be parsed: 400, 413 or 415 with a ``detail``, and nothing is changed."""

import gzip
import json

import pytest

from tests.bad_input.places import PLACES, one_of_each_kind

pytestmark = pytest.mark.slow

NO_JSON = {
    "nothing but a brace": b"{",
    "text": b"hello",
    "a form": b"name=new&type=OTH",
    "single quotes": b"{'name': 'new'}",
    "a trailing comma": b'{"name": "new",}',
    "two objects": b"{}{}",
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "an integer of 5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "Latin 1": '{"name": "Bærum"}'.encode("latin-1"),
    "UTF-16": '{"name": "new"}'.encode("utf-16"),
    "bytes of no encoding": b'{"name": "\xff\xfe\x80"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"name": "new"}',
    "a raw line break in text": b'{"name": "a\nb"}',
    "a raw NUL": b'{"name": "a\x00b"}',
    "100000 opening brackets": b"[" * 100_000,
    "100000 nested lists": b"[" * 100_000 + b"]" * 100_000,
    "20000 nested objects": b'{"name":' * 20_000 + b"1" + b"}" * 20_000,
    "deep nesting in a field": b'{"tags": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "gzip": gzip.compress(b'{"name": "new"}'),
}
NO_CONTENT_TYPES = [
    "text/plain",
    "text/xml",
    "application/xml",
    "application/octet-stream",
    "application/jsonx",
    "application/json-patch+json",
    "json",
    "/",
    "a" * 3000,
    "image/png; boundary=x",
    "\xff/\xfe",
]
CHARSETS = ["nonsense", "utf-16", "utf-7", "rot13", "idna", "", '"', "\xff", "a" * 500]


@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_invalid_json_is_400(assert_refused, content):
    for place in one_of_each_kind([*NO_JSON.values()].index(content)):
        assert list(assert_refused(place, content)) == ["detail"], str(place)


@pytest.mark.parametrize("content", [b"[]", b'[{"tag": "a=b"}]', b'"new"', b"1", b"true", b"1e999"])
def test_json_other_than_an_object_is_400(assert_refused, content):
    for place in PLACES:
        assert list(assert_refused(place, content)) == ["non_field_errors"], str(place)


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_empty_body_is_400_for_each_required_field(assert_refused, content):
    for place in PLACES:
        if place.method != "PATCH":
            assert assert_refused(place, content).keys() & set(place.body), str(place)


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_an_empty_patch_changes_nothing(assert_refused, content):
    for place in PLACES:
        if place.method == "PATCH":
            assert_refused(place, content, statuses=[200])


def test_null_for_a_body_is_400(assert_refused):
    for place in PLACES:
        assert list(assert_refused(place, b"null")) == ["non_field_errors"], str(place)


@pytest.mark.parametrize("content_type", NO_CONTENT_TYPES)
def test_another_content_type_is_415(assert_refused, content_type):
    for place in one_of_each_kind(NO_CONTENT_TYPES.index(content_type)):
        assert list(assert_refused(place, b"{}", content_type, statuses=[415])) == ["detail"], str(place)


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_unknown_charset_is_no_server_error(send, media_type, charset):
    for place in one_of_each_kind(CHARSETS.index(charset)):
        response = send(place, b'{"nome": "B\xc3\xa6rum"}', f"{media_type}; boundary=x; charset={charset}")

        assert response.status_code < 500, str(place)
        assert response["Content-Type"] == "application/json", str(place)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 300, "; boundary=\xff", "; boundary=y"])
def test_multipart_without_the_right_boundary_is_refused(assert_refused, boundary):
    content = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nnew\r\n--x--\r\n'

    for place in PLACES:
        body = assert_refused(place, content, f"multipart/form-data{boundary}", statuses=[400, 415])
        assert list(body) == ["detail"], str(place)


@pytest.mark.parametrize(
    "content",
    [
        b"no parts at all",
        b"--x",
        b"--x\r\n",
        b"--other\r\nContent-Disposition: form-data; name=name\r\n\r\nnew\r\n--other--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nnew',
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nnew\r\n--x\r\n',
    ],
)
def test_multipart_without_an_end_is_400(assert_refused, content):
    for place in PLACES:
        assert list(assert_refused(place, content, "multipart/form-data; boundary=x")) == ["detail"], str(place)


@pytest.mark.parametrize(
    "part",
    [
        b"\r\nnew\r\n",
        b'Content-Disposition: form-data; name="a\x00b"\r\n\r\n\xff\xfe\r\n',
        b'Content-Disposition: form-data; name="n\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n',
        b'Content-Disposition: form-data; name="new"; filename="../../a\x00"\r\n\r\n\xff\r\n',
    ],
)
def test_multipart_without_a_known_field_changes_nothing(assert_refused, part):
    for place in PLACES:
        statuses = [200, 400] if place.method == "PATCH" else [400]
        assert_refused(place, b"--x\r\n" + part + b"--x--\r\n", "multipart/form-data; boundary=x", statuses=statuses)


def test_file_for_a_text_field_is_refused(assert_refused):
    for place in PLACES:
        for name in set(place.fields) - {"tags", "event", "project_groups"}:
            part = (
                f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="a.txt"\r\n'
                "Content-Type: text/plain\r\n\r\nnew\r\n--x--\r\n"
            )
            assert name in assert_refused(place, part.encode(), "multipart/form-data; boundary=x"), str(place)


def test_too_many_fields_are_400(assert_refused, settings):
    names = [f"f{number}" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)]
    form = "&".join(f"{name}=1" for name in names)
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n1\r\n' for name in names)

    for place in one_of_each_kind(0):
        assert list(assert_refused(place, form.encode(), "application/x-www-form-urlencoded")) == ["detail"]
        assert list(assert_refused(place, f"{parts}--x--\r\n".encode(), "multipart/form-data; boundary=x")) == [
            "detail"
        ]


@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_a_body_over_the_limit_is_413(assert_refused, settings, media_type):
    for place in PLACES:
        content = json.dumps({**place.body, "description": "x" * settings.ARGUS_MAX_BODY_SIZE}).encode()
        assert list(assert_refused(place, content, media_type, statuses=[413])) == ["detail"]


@pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "0x10", "٣", " 5 ", "5, 5"])
def test_invalid_content_length_is_no_server_error(assert_refused, length):
    for place in PLACES:
        assert_refused(place, b'{"nome": "new"}', CONTENT_LENGTH=length, statuses=[200, 400])


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_valid_bodies_are_accepted(send, place):
    response = send(place, json.dumps(place.body).encode())

    assert response.status_code == place.status, response.content


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_body_just_below_the_limit_is_read(send, settings, place):
    body = json.dumps(place.body).encode()

    response = send(place, body + b" " * (settings.ARGUS_MAX_BODY_SIZE - len(body)))

    assert response.status_code == place.status, response.content


def test_every_endpoint_gets_every_kind_of_body():
    reached = [place for number in range(len(NO_JSON)) for place in one_of_each_kind(number)]

    assert all(place in reached for place in PLACES)
    assert len(one_of_each_kind(0)) >= 4
