"""Recent messages are numbered and limited in number and size."""

import json

from argus.ws.recent import MAX_BATCH_SIZE, RecentMessages


def filled(number: int, **limits: int) -> RecentMessages:
    recent = RecentMessages(**{"max_messages": 100, "max_size": 10_000} | limits)
    for index in range(number):
        recent.append(f'{{"index":{index}', f"stream{index}")
    return recent


def indexes(recent: RecentMessages) -> list[int]:
    batches = [recent.after(number) for number in range(recent.head)]
    return [json.loads(batch.texts[0])["index"] for batch in batches if batch]


def test_messages_are_numbered_without_gaps():
    recent = filled(3)

    (text,) = recent.after(recent.head - 1).texts
    assert json.loads(text) == {"index": 2, "stream": "stream2", "sequence": recent.head}
    assert indexes(recent) == [0, 1, 2]
    assert recent.after(recent.head) is None


def test_oldest_messages_are_dropped_beyond_the_number():
    assert indexes(filled(7, max_messages=5)) == [2, 3, 4, 5, 6]


def test_oldest_messages_are_dropped_beyond_the_size():
    recent = filled(7, max_size=150)

    assert indexes(recent) == [4, 5, 6]
    assert recent.size == sum(len(text) for _, text in recent.messages) <= 150


def test_newest_message_is_kept_at_any_size():
    assert indexes(filled(3, max_size=1)) == [2]


def test_numbers_of_missed_messages_are_never_negative():
    assert filled(0, max_messages=5).head - 5 >= 0


def test_clear_drops_all_messages_and_skips_a_number():
    recent = filled(3)
    before = recent.head
    recent.clear()

    assert recent.head == before + 1
    assert indexes(recent) == []
    assert recent.after(before) is None


def test_batch_has_all_later_messages_and_their_frames():
    recent = filled(3)
    batch = recent.after(recent.head - 2)
    assert [json.loads(text)["index"] for text in batch.texts] == [1, 2]
    first, second = batch.texts
    assert batch.frames == b"\x81" + bytes([len(first)]) + first + b"\x81" + bytes([len(second)]) + second
    assert recent.after(recent.head - 2) is batch

    recent.append('{"index":3', "stream3")
    assert [json.loads(text)["index"] for text in recent.after(recent.head - 3).texts] == [1, 2, 3]


def test_size_of_a_batch_is_limited_and_it_has_at_least_one_message():
    recent = RecentMessages(100, 10**9)
    for length in (MAX_BATCH_SIZE // 2, MAX_BATCH_SIZE // 3, MAX_BATCH_SIZE // 3, 2 * MAX_BATCH_SIZE):
        recent.append('{"text":"' + "x" * length + '"', "stream")

    sizes = [len(recent.after(number).texts) for number in range(recent.head - 4, recent.head)]
    assert sizes == [2, 2, 1, 1]


def test_find_returns_the_number_of_a_stream():
    recent = filled(3)

    assert recent.find("stream1") == recent.head - 1
    assert recent.find("other") is None
