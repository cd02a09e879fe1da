"""Nothing is repeated without end: after the second time the agent says something else and offers a person."""

from __future__ import annotations

import pytest
from attacked_agent import start


@pytest.mark.parametrize("times", [4, 7, 12])
def test_the_same_refusal(times: int) -> None:
    talk = start(lambda messages: {"say": "I cannot do gift cards."})
    replies = [talk.reply("just the gift card") for _ in range(times)]
    assert replies[:2] == ["I cannot do gift cards."] * 2
    assert "I cannot do gift cards." not in replies[2:]
    assert all("person" in reply for reply in replies[2:])


def test_spacing_and_capitals_make_no_other_refusal() -> None:
    spelled = iter(["I cannot  do that.", "i cannot do that.", "I CANNOT do that.", "I cannot do that.\n"])
    talk = start(lambda messages: {"say": next(spelled)})
    assert "person" in [talk.reply("do it") for _ in range(3)][-1]


def test_something_else_in_between_starts_anew() -> None:
    said = ["No."] * 2 + ["We open at nine.", "At ten on Sundays.", "By bus.", "By train."] + ["No."]
    talk = start(*[{"say": one} for one in said])
    assert [talk.reply("please?") for _ in said] == said
