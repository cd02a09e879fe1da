"""Text from elsewhere is made readable: nothing in it moves a cursor, and no word is lost or glued."""

from __future__ import annotations

import pytest

from shopbot.apps.readable import readable


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("order\u00a0123456", "order 123456"),
        ("12\u200b34\ufeff56", "123456"),
        ("one\rtwo\u2028three", "one two three"),
        ("evil \u202etxt.exe", "evil txt.exe"),
        ("a\x00b\x07c\x08d\x9be", "abcde"),
        ("line\r\nline", "line\nline"),
        ("👩\u200d👧 👍🏽", "👩\u200d👧 👍🏽"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud83d", ""),
        ("cafe\u0301", "cafe\u0301"),
    ],
)
def test_what_is_shown_is_what_a_person_typed(given: str, shown: str) -> None:
    assert readable(given) == shown
