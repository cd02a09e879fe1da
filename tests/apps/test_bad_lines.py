"""Whatever a line of input holds, it gets an answer or one sentence, and the conversation goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Spoken

from shopbot.apps.session import MAX_MESSAGE, MessageRefused, checked

ANSWERED = {
    "escape sequences": b"\x1b[31mhello\x1b[0m\x1b]0;title\x07",
    "a NUL inside": b"hel\x00lo",
    "only an emoji": "👋".encode(),
    "right to left": "أريد إرجاع البنطال".encode(),
    "an old Mac line end": b"hello\r",
    "a JSON object": b'{"message": "hello"}',
    "a JSON string": b'"hello"',
    "a sentence that begins with a quotation mark": b'"The Trial" arrived torn',
    "half a surrogate pair": b'{"message": "hello \\ud83d"}',
    "almost too long": b"I like it here. " * (MAX_MESSAGE // 16 - 1),
}
REFUSED = {
    "nothing": (b"", "empty"),
    "blanks": (b" \t  ", "empty"),
    "only control characters": (b"\x00\x07\x1b", "empty"),
    "an empty JSON message": (b'{"message": ""}', "empty"),
    "100 KB": (b"a" * 100_000, "100,000 characters"),
    "1 MB of characters of three bytes": ("€".encode() * 500_000, "1,000,000 bytes"),
    "bytes that are no text": (b"hello \xff\xfe", "byte 6"),
    "broken JSON": (b'{"message": "hello', "valid JSON"),
    "JSON nested without end": (b'{"message": ' + b"[" * 100_000, "valid JSON"),
    "JSON without a message": (b'{"text": "hello"}', '"message"'),
    "a message that is a number": (b'{"message": 5}', '"message"'),
}


def test_every_line_is_answered_and_the_conversation_goes_on(
    shop_folder: Path, chat_json: Callable[..., Spoken]
) -> None:
    bad = [line for line, _ in REFUSED.values()]
    given = [b"I'd like to return my jeans\r", *bad, *ANSWERED.values(), b"my order number is 123456"]
    spoken = chat_json(b"\n".join(given))
    first, *between, last = spoken.lines
    refused, answered = between[: len(bad)], between[len(bad) :]
    assert first["awaiting"] == "order_number"
    assert [list(line) for line in refused] == [["error"]] * len(bad)
    assert all(line["reply"] for line in answered)
    assert last["awaiting"] == "email"
    assert (spoken.code, spoken.err) == (0, "")


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_says_what_is_wrong(kind: str) -> None:
    from shopbot.apps.chat_json import MAX_LINE, _message

    line, expected = REFUSED[kind]
    with pytest.raises(MessageRefused, match=expected):
        checked(_message(line[: MAX_LINE + 1]))


def test_a_conversation_typed_into_a_pipe_survives_the_same_lines(
    shop_folder: Path, chat: Callable[..., Spoken]
) -> None:
    given = [b"return my jeans", b"", b"\xff\xfe", b"a" * 100_000, b"\x1b[2Jorder 123456", b"bye"]
    spoken = chat(b"\n".join(given))
    assert "is not UTF-8" in spoken.out
    assert "100,000 characters" in spoken.out
    assert "e-mail" in spoken.out
    assert "\x1b" not in spoken.out
    assert "shopbot chat --thread" in spoken.out
    assert (spoken.code, spoken.err) == (0, "")


def test_no_input_at_all_is_a_short_conversation(shop_folder: Path, chat_json: Callable[..., Spoken]) -> None:
    assert chat_json(b"") == Spoken(0, "", "")
