"""Recent messages are numbered and limited in number and size."""

import json

from argus.ws.recent import RecentMessages


def filled(number: int, **limits: int) -> RecentMessages:
    recent = RecentMessages(**{"max_messages": 100, "max_characters": 10_000} | limits)
    for index in range(number):
        recent.append(f'{{"index":{index}', f"stream{index}")
    return recent


def indexes(recent: RecentMessages) -> list[int]:
    texts = [recent.get(number) for number in range(recent.head + 1)]
    return [json.loads(text)["index"] for text in texts if text]


def test_messages_are_numbered_without_gaps():
    recent = filled(3)

    assert json.loads(recent.get(recent.head)) == {"index": 2, "stream": "stream2", "sequence": recent.head}
    assert indexes(recent) == [0, 1, 2]
    assert recent.get(recent.head + 1) is None


def test_oldest_messages_are_dropped_beyond_the_number():
    assert indexes(filled(7, max_messages=5)) == [2, 3, 4, 5, 6]


def test_oldest_messages_are_dropped_beyond_the_size():
    recent = filled(7, max_characters=150)

    assert indexes(recent) == [4, 5, 6]
    assert recent.size == sum(len(text) for _, text in recent.messages) <= 150


def test_newest_message_is_kept_at_any_size():
    assert indexes(filled(3, max_characters=1)) == [2]


def test_numbers_of_missed_messages_are_never_negative():
    assert filled(0, max_messages=5).head - 5 >= 0


def test_clear_drops_all_messages_and_skips_a_number():
    recent = filled(3)
    before = recent.head
    recent.clear()

    assert recent.head == before + 1
    assert indexes(recent) == []
    assert recent.get(before + 1) is None


def test_find_returns_the_number_of_a_stream():
    recent = filled(3)

    assert recent.find("stream1") == recent.head - 1
    assert recent.find("other") is None
